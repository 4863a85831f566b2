using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>Describes runners to people and programs.</summary>
internal static class RunnersAnswer
{
    /// <summary>What Docker Model Runner sends where there is no time: Go's zero time, which its clients look for.</summary>
    private const string NoTime = "0001-01-01T00:00:00Z";

    /// <summary>One runner with Docker Model Runner's members first and ours after them.</summary>
    public static void WriteRunner(Utf8JsonWriter json, RunnerSnapshot runner)
    {
        json.WriteStartObject();
        json.WriteString("backend_name"u8, runner.Key.Backend);
        json.WriteString("model_name"u8, runner.Key.Model);
        json.WriteString("mode"u8, ModeText.Format(runner.Key.Mode));
        json.WriteString("last_used"u8, FormatTime(runner.LastUsed));
        json.WriteBoolean("in_use"u8, runner.InFlight > 0);
        json.WriteBoolean("loading"u8, runner.State == RunnerState.Loading);
        if (!runner.IsAttached)
            json.WriteString("keep_alive"u8, DurationText.Format(runner.KeepAlive));

        json.WriteString("state"u8, FormatState(runner.State));
        json.WriteString("engine"u8, runner.Engine);
        if (runner.ProcessId is { } process)
            json.WriteNumber("pid"u8, process);
        json.WriteNumber("in_flight"u8, runner.InFlight);
        json.WriteNumber("queued"u8, runner.Queued);
        if (runner.Replica is { } replica)
            json.WriteString("replica"u8, replica);
        if (runner.Failure is { } failure)
            json.WriteString("failure"u8, CauseText.WithoutFolders(failure));
        json.WriteEndObject();
    }

    /// <summary>
    /// The state of a backend in one line that begins, as in Docker Model Runner, with <c>Running: </c> or <c>Error: </c>.
    /// </summary>
    /// <param name="backend">The backend.</param>
    /// <param name="engine">What managed runners are started with; null: nothing was found.</param>
    /// <param name="runners">All runners.</param>
    public static string DescribeBackend(string backend, string? engine, IReadOnlyList<RunnerSnapshot> runners)
    {
        bool isManaged = backend == BackendDirectory.Managed;
        RunnerSnapshot[] own = [.. runners.Where(runner => runner.Key.Backend == backend)];
        int attached = own.Count(static runner => runner.IsAttached);
        if (isManaged && engine is null && attached == 0)
            return "Error: there is neither llama-server nor the embedded llama-host; install llama.cpp or set LLAMA_SERVER_PATH";

        var text = new StringBuilder("Running: ");
        text.Append(isManaged && engine is not null ? engine : "attached");
        text.Append(CultureInfo.InvariantCulture, $", {own.Count(static runner => runner.State == RunnerState.Ready)} ready");
        AppendCount(text, own, RunnerState.Loading);
        AppendCount(text, own, RunnerState.Stopping);
        AppendCount(text, own, RunnerState.Waiting);
        foreach (RunnerSnapshot failed in own.Where(static runner => runner.Failure is not null))
        {
            string mode = ModeText.Format(failed.Key.Mode);
            text.Append(CultureInfo.InvariantCulture, $"; {failed.Key.Model} ({mode}) failed: {CauseText.WithoutFolders(failed.Failure!)}");
        }

        return text.ToString();
    }

    private static void AppendCount(StringBuilder text, RunnerSnapshot[] runners, RunnerState state)
    {
        int count = runners.Count(runner => runner.State == state);
        if (count > 0)
            text.Append(CultureInfo.InvariantCulture, $", {count} {FormatState(state)}");
    }

    private static string FormatState(RunnerState state) => state switch
    {
        RunnerState.Loading => "loading",
        RunnerState.Ready => "ready",
        RunnerState.Stopping => "stopping",
        RunnerState.Waiting => "waiting",
        _ => "failed",
    };

    private static string FormatTime(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture) ?? NoTime;
}
