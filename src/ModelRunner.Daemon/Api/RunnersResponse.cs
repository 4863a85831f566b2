using System.Globalization;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Describes runners to people and programs.</summary>
internal static class RunnersResponse
{
    /// <summary>One runner: the members of Docker Model Runner first, then ours.</summary>
    public static void WriteRunner(Utf8JsonWriter json, RunnerView view)
    {
        RunnerSnapshot runner = view.Runner;
        json.WriteStartObject();
        json.WriteString("backend_name"u8, runner.Key.Backend);
        json.WriteString("model_name"u8, runner.Key.Model);
        json.WriteString("mode"u8, ModeText.Format(runner.Key.Mode));

        // Docker Model Runner sends Go's zero time for "never". Its clients read a missing member in the same way.
        if (runner.LastUsed is { } lastUsed)
            json.WriteString("last_used"u8, FormatTime(lastUsed));
        json.WriteBoolean("in_use"u8, runner.InFlight > 0);
        json.WriteBoolean("loading"u8, view.State == "loading");
        if (!runner.IsAttached)
            json.WriteString("keep_alive"u8, DurationText.Format(runner.KeepAlive));

        json.WriteString("state"u8, view.State);
        json.WriteString("engine"u8, runner.Engine);
        if (view.EngineVersion is { } version)
            json.WriteString("engine_version"u8, version);
        if (runner.ProcessId is { } process)
            json.WriteNumber("pid"u8, process);
        if (runner.Arguments.Count > 0)
            WriteArguments(json, runner.Arguments);
        json.WriteNumber("in_flight"u8, runner.InFlight);
        json.WriteNumber("queued"u8, runner.Queued);
        if (runner.Concurrency is { } concurrency)
            json.WriteNumber("concurrency"u8, concurrency);
        if (runner.IsResident)
            json.WriteBoolean("preload"u8, true);
        if (view.Outdated is { } outdated)
        {
            json.WriteBoolean("outdated"u8, true);
            json.WriteString("outdated_reason"u8, outdated);
        }

        if (runner.Replica is { } replica)
            json.WriteString("replica"u8, replica);
        if (runner.Progress?.StalledSince is { } stalled)
            json.WriteString("stalled_since"u8, FormatTime(stalled));
        if (runner is { ProcessId: not null, MemoryBytes: > 0 and var estimate })
            json.WriteNumber("memory_estimate_bytes"u8, estimate);
        else if (runner is { ProcessId: not null, IsAttached: false })
            json.WriteNull("memory_estimate_bytes"u8);
        if (runner.Cards.Count > 0)
            WriteCards(json, runner.Cards);
        if (runner.Peak?.Bytes is { } peak)
            json.WriteNumber("memory_peak_bytes"u8, peak);
        if (runner.Receipt is { } receipt)
            WriteReceipt(json, receipt);
        if (runner.Slots is { } slots)
            WriteSlots(json, slots);
        if (view.Reason is { } reason)
            json.WriteString("reason"u8, reason);
        if (view.Failure is { } failure)
            json.WriteString("failure"u8, failure);
        json.WriteEndObject();
    }

    private static void WriteCards(Utf8JsonWriter json, IReadOnlyList<CardShare> cards)
    {
        json.WriteStartObject("gpu_memory_estimate_bytes"u8);
        foreach ((string card, long bytes) in cards)
            json.WriteNumber(card, bytes);
        json.WriteEndObject();
    }

    private static void WriteReceipt(Utf8JsonWriter json, RunnerReceipt receipt)
    {
        if (receipt.EffectiveContext is { } context)
            json.WriteNumber("context_tokens"u8, context);
        if (receipt.Devices.Length > 0)
            json.WriteString("devices"u8, receipt.Devices);
        if (receipt.OffloadRatio is { } ratio)
            json.WriteNumber("offload_ratio"u8, ratio);
        if (receipt.Shortfalls is not { Count: > 0 } shortfalls)
            return;
        json.WriteStartArray("shortfalls"u8);
        foreach (string shortfall in shortfalls)
            json.WriteStringValue(shortfall);
        json.WriteEndArray();
    }

    private static void WriteSlots(Utf8JsonWriter json, SlotReport slots)
    {
        json.WriteStartObject("kv_cache"u8);
        json.WriteBoolean("persisted"u8, slots.IsActive);
        if (slots.Problem is { } problem)
            json.WriteString("problem"u8, problem);
        json.WriteNumber("restored_slots"u8, slots.RestoredSlots);
        json.WriteNumber("restored_tokens"u8, slots.RestoredTokens);
        json.WriteNumber("reused_tokens"u8, slots.ReusedTokens);
        json.WriteEndObject();
    }

    private static void WriteArguments(Utf8JsonWriter json, IReadOnlyList<string> arguments)
    {
        json.WriteStartArray("arguments"u8);
        foreach (string argument in ShownArguments.Of(arguments))
            json.WriteStringValue(argument);
        json.WriteEndArray();
    }

    private static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
