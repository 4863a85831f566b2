using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Gguf;
using ModelRunner.Linux.Graphics;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes the families of runners that do not depend on their pages: state, memory, processor time, loads and stops. Not thread-safe: used only under
/// the merge lock.
/// </summary>
/// <param name="accounts">The totals.</param>
/// <param name="memoryLimit">Returns the configured limit of the memory of all runners together, in bytes; null: there is none.</param>
/// <param name="cards">Returns the memory of the graphics cards; null: it is not shown.</param>
/// <param name="loadRatio">Returns the loads per request of the last minutes; null: it is not shown.</param>
internal sealed class RunnerMetrics(
    RunnerAccounts accounts, Func<long?> memoryLimit, Func<IReadOnlyList<CardMemory>>? cards = null, Func<double?>? loadRatio = null)
{
    // The header of a file may contain long texts.
    private const int MaxTextLength = 64;

    private static readonly LoadResult[] Results = Enum.GetValues<LoadResult>();
    private static readonly StopReason[] Reasons = Enum.GetValues<StopReason>();
    private static readonly CrashClass[] Classes = Enum.GetValues<CrashClass>();

    private RunnerAccountTable? _table;
    private TargetLabels[] _labels = [];

    /// <param name="writer">The destination.</param>
    /// <param name="outcomes">All runners, in the order of their series on the page.</param>
    /// <param name="usages">What their processes use.</param>
    public void Write(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes, IReadOnlyDictionary<RunnerId, RunnerUsage> usages)
    {
        WriteStates(writer, outcomes);
        WriteProcesses(writer, outcomes, usages);
        if (memoryLimit() is { } limit)
            writer.Write(MetricFamilies.MemoryLimit, limit);
        WriteCards(writer, cards?.Invoke() ?? []);
        if (loadRatio?.Invoke() is { } ratio)
            writer.Write(MetricFamilies.LoadsPerRequest, ratio);
        WriteModels(writer, outcomes);
        WriteTotals(writer);
    }

    // The daemon does not know the state of an attached server, only whether its page could be read.
    private static void WriteStates(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Scrape.Runner.IsAttached)
                continue;
            foreach (RunnerState state in RunnerStateNames.Shown)
                writer.Write(MetricFamilies.RunnerStates, outcome.Scrape.Labels, outcome.Scrape.Runner.State == state ? 1 : 0, state.ToLabelValue());
        }

        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner.Progress is { } progress)
                writer.Write(MetricFamilies.Stalled, outcome.Scrape.Labels, progress.StalledSince is null ? 0 : 1);
    }

    private static void WriteProcesses(
        FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes, IReadOnlyDictionary<RunnerId, RunnerUsage> usages)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner.StartedAt is { } start)
                writer.Write(MetricFamilies.RunnerStartTime, outcome.Scrape.Labels, (start - DateTimeOffset.UnixEpoch).TotalSeconds);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner is { StartedAt: not null, MemoryBytes: > 0 and var bytes })
                writer.Write(MetricFamilies.MemoryEstimate, outcome.Scrape.Labels, bytes);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner is { MemoryBytes: > 0 and var estimate, Peak.Bytes: { } peak })
                writer.Write(MetricFamilies.MemoryEstimateError, outcome.Scrape.Labels, (peak - estimate) / (double)estimate);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (usages.TryGetValue(outcome.Scrape.Runner.Id, out RunnerUsage usage))
                writer.Write(MetricFamilies.ResidentMemory, outcome.Scrape.Labels, usage.ResidentBytes);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner is { State: RunnerState.Loading, Model: { } model } loading
                && model.Memory.GetValueOrDefault(loading.Key.Mode) is { WhenReady: > 0 and var whenReady }
                && usages.TryGetValue(loading.Id, out RunnerUsage usage))
                writer.Write(MetricFamilies.LoadProgress, outcome.Scrape.Labels, Math.Min(1, usage.ResidentBytes / (double)whenReady));
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (usages.GetValueOrDefault(outcome.Scrape.Runner.Id) is { OpenDescriptors: { } descriptors })
                writer.Write(MetricFamilies.OpenDescriptors, outcome.Scrape.Labels, descriptors);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            foreach ((string card, long bytes) in usages.GetValueOrDefault(outcome.Scrape.Runner.Id).GraphicsBytes ?? [])
                writer.Write(MetricFamilies.GraphicsMemory, outcome.Scrape.Labels, bytes, card);
    }

    private static void WriteCards(FamilyWriter writer, IReadOnlyList<CardMemory> cards)
    {
        foreach (CardMemory card in cards)
            writer.Write(MetricFamilies.CardTotalMemory, card.TotalBytes, card.Card);
        foreach (CardMemory card in cards)
            writer.Write(MetricFamilies.CardUsedMemory, card.UsedBytes, card.Card);
    }

    private static void WriteModels(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Scrape.Runner is not { Model: { } model } runner)
                continue;
            GgufHeader? header = model.Header;
            writer.Write(
                MetricFamilies.ModelInfo, outcome.Scrape.Labels, 1,
                Cut(header?.Architecture), QuantizationName.Of(header?.FileType) ?? "", Cut(header?.SizeLabel), runner.Engine,
                runner.Receipt?.EngineVersion ?? "");
        }

        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Scrape.Runner.Model is { ContextSize: > 0 and var configured })
                writer.Write(MetricFamilies.Context, outcome.Scrape.Labels, configured, "configured");
            if (outcome.Scrape.Runner.Receipt?.EffectiveContext is { } effective)
                writer.Write(MetricFamilies.Context, outcome.Scrape.Labels, effective, "effective");
        }

        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.RunnerScrape is { IsEnded: true, Slots: { } slots })
                writer.Write(MetricFamilies.SlotsBusy, outcome.Scrape.Labels, slots.Busy);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.RunnerScrape is { IsEnded: true, Slots.ContextTokens: { } used })
                writer.Write(MetricFamilies.ContextUsed, outcome.Scrape.Labels, used);
        foreach (ref readonly SourceOutcome outcome in outcomes)
            if (outcome.Scrape.Runner.Receipt is { OffloadRatio: { } ratio } receipt)
                writer.Write(MetricFamilies.OffloadRatio, outcome.Scrape.Labels, ratio, receipt.Devices);
    }

    private static string Cut(string? text) => PlainText.EscapeAndCut(text ?? "", MaxTextLength);

    private void WriteTotals(FamilyWriter writer)
    {
        RunnerAccountTable table = accounts.Table;
        if (!ReferenceEquals(table, _table))
            (_table, _labels) = (table, [.. table.Models.Select(static account => RunnerLabels.Of(account.Key!.Value, replica: null))]);
        List<(TargetLabels Labels, RunnerAccount Account)> models = [.. _labels.Zip(table.Models)];
        if (table.Other is { } other)
            models.Add((RunnerLabels.OtherModels, other));

        foreach ((TargetLabels labels, RunnerAccount account) in models)
            writer.WriteTotal(MetricFamilies.Cpu, labels, account.CpuTime.TotalSeconds, account.CpuBeganAt);
        TotalsByClass.Write(
            writer, MetricFamilies.Loads, models, Results,
            static (account, result) => (account.Loads(result), account.LoadsBeganAt(result)), static result => result.ToLabelValue());
        TotalsByClass.Write(
            writer, MetricFamilies.Stops, models, Reasons,
            static (account, reason) => (account.Stops(reason), account.StopsBeganAt(reason)), static reason => reason.ToLabelValue());
        TotalsByClass.Write(
            writer, MetricFamilies.Crashes, models, Classes,
            static (account, crash) => (account.Crashes(crash), account.CrashesBeganAt(crash)), static crash => crash.ToLabelValue());
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            if (account.Stalls is > 0 and var count)
                writer.WriteTotal(MetricFamilies.Stalls, labels, count, account.StallsBeganAt);
        foreach ((TargetLabels labels, RunnerAccount account) in models)
            writer.Write(MetricFamilies.LoadDuration, labels, account.LoadDuration);
        SlotMetrics.Write(writer, models);
    }
}
