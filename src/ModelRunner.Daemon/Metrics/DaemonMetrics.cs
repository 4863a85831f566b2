using System.Buffers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Writes the families of the daemon itself. Their names begin with <c>model_runner_</c>. The merger refuses this prefix from runners, so no
/// runner can forge them. Not thread-safe: used only under the merge lock.
/// </summary>
internal sealed class DaemonMetrics(MetricsSettings settings, SharedEndpoints shared, ProcessMetrics process)
{
    /// <summary>The prefix of the names of all families of the daemon.</summary>
    public const string Prefix = "model_runner_";

    private static readonly KeyValuePair<string, string>[] Build =
    [
        new("version", BuildInformation.Version),
        new("runtime", BuildInformation.Runtime),
    ];

    // A runner that waits for capacity has not been started, so it is not counted.
    private static readonly RunnerState[] States = [.. Enum.GetValues<RunnerState>().Where(static state => state != RunnerState.Waiting)];

    /// <param name="output">The destination.</param>
    /// <param name="outcomes">All runners, in the order of their series on the page.</param>
    /// <param name="conflicts">The number of families in conflict on the previous page, by conflict.</param>
    public void Write(IBufferWriter<byte> output, ReadOnlySpan<SourceOutcome> outcomes, IReadOnlyList<int> conflicts)
    {
        var writer = new ExpositionWriter(output);
        writer.BeginFamily("model_runner_build_info", MetricType.Gauge, "Version and runtime of the daemon; the value is always 1");
        writer.WriteSample(1, Build);
        WriteStates(writer, outcomes);
        WriteUp(writer, outcomes);
        WriteShared(writer, outcomes);
        WriteReadings(writer, outcomes);
        WriteCounters(writer, outcomes);
        WritePage(writer, conflicts);
        process.Write(writer);
        LogMetrics.Write(writer);
    }

    private static void WriteStates(ExpositionWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        Span<int> counts = stackalloc int[States.Length];
        foreach (ref readonly SourceOutcome outcome in outcomes)
            counts[(int)outcome.Scrape.Runner.State]++;
        writer.BeginFamily("model_runner_runners", MetricType.Gauge, "Runners by state; attached ones count as ready");
        foreach (RunnerState state in States)
            writer.WriteSample(counts[(int)state], new KeyValuePair<string, string>("state", NameOf(state)));
    }

    private static void WriteUp(ExpositionWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        if (outcomes.IsEmpty)
            return;
        writer.BeginFamily("model_runner_up", MetricType.Gauge, "Whether the runner's series are on this page");
        foreach (ref readonly SourceOutcome outcome in outcomes)
            writer.WriteSample(outcome.Scrape.Labels, outcome.Failure is null ? 1 : 0);

        bool isBegun = false;
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Failure is not { } reason)
                continue;
            if (!isBegun)
                writer.BeginFamily("model_runner_down_info", MetricType.Gauge, "Why the runner's series are not on this page; present only then");
            isBegun = true;
            writer.WriteSample(outcome.Scrape.Labels, 1, new KeyValuePair<string, string>("reason", reason.ToLabelValue()));
        }
    }

    private void WriteShared(ExpositionWriter writer, ReadOnlySpan<SourceOutcome> outcomes) =>
        Write(writer, "model_runner_shared_endpoint", unit: null,
            "Number of attached runners that are the same server, this one included; present only if there are several", outcomes,
            outcome => shared.CountOf(outcome.Scrape.Runner) is > 0 and var count ? count : null);

    private static void WriteReadings(ExpositionWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        Write(writer, "model_runner_scrape_duration_seconds", "seconds",
            "Duration of the request to the runner, or the time until the daemon's deadline", outcomes,
            static outcome => outcome.Scrape.Duration?.TotalSeconds);
        Write(writer, "model_runner_scrape_samples", unit: null, "Samples read from the runner, before duplicates among them are dropped", outcomes,
            static outcome => outcome.Summary?.Samples);
        Write(writer, "model_runner_scrape_body_bytes", "bytes", "Bytes of the runner's page after decoding", outcomes,
            static outcome => outcome.Summary is null ? null : outcome.Scrape.RunnerScrape!.Body.Length);
    }

    private static void Write(
        ExpositionWriter writer, string name, string? unit, string help, ReadOnlySpan<SourceOutcome> outcomes, Func<SourceOutcome, double?> value)
    {
        bool isBegun = false;
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (value(outcome) is not { } number)
                continue;
            if (!isBegun && unit is null)
                writer.BeginFamily(name, MetricType.Gauge, help);
            else if (!isBegun)
                writer.BeginFamily(name, MetricType.Gauge, help, unit!);
            isBegun = true;
            writer.WriteSample(outcome.Scrape.Labels, number);
        }
    }

    private static void WriteCounters(ExpositionWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        WriteCounters(writer, "model_runner_scrape_failures_total",
            "Scrapes of the runner that failed, by reason; a reason that never occurred is absent",
            outcomes, static counters => counters.Failures, static reason => ((ScrapeFailureReason)reason).ToLabelValue());
        WriteCounters(writer, "model_runner_scrape_lines_dropped_total",
            "Lines of the runner's page that were dropped, by reason; a reason that never occurred is absent",
            outcomes, static counters => counters.Dropped, static reason => ((ExpositionErrorReason)reason).ToLabelValue());
    }

    private static void WriteCounters(
        ExpositionWriter writer, string name, string help, ReadOnlySpan<SourceOutcome> outcomes,
        Func<RunnerCounters, ReadOnlySpan<long>> counts, Func<int, string> nameOf)
    {
        bool isBegun = false;
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            ReadOnlySpan<long> values = counts(outcome.Counters);
            for (int reason = 0; reason < values.Length; reason++)
            {
                if (values[reason] == 0)
                    continue;
                if (!isBegun)
                    writer.BeginFamily(name, MetricType.Counter, help);
                isBegun = true;
                writer.WriteSample(outcome.Scrape.Labels, values[reason], new KeyValuePair<string, string>("reason", nameOf(reason)));
            }
        }
    }

    private void WritePage(ExpositionWriter writer, IReadOnlyList<int> conflicts)
    {
        writer.BeginFamily("model_runner_page_conflicts", MetricType.Gauge, "Families on the previous page that runners declare differently, by conflict");
        foreach (MergeConflict conflict in MergeConflicts.All)
            writer.WriteSample(conflicts[(int)conflict], new KeyValuePair<string, string>("conflict", conflict.ToLabelValue()));
        writer.BeginFamily("model_runner_scrape_body_limit_bytes", MetricType.Gauge, "Limit of bytes of one runner's page after decoding", "bytes");
        writer.WriteSample(settings.MaxBodyBytes);
        writer.BeginFamily("model_runner_scrape_sample_limit", MetricType.Gauge, "Limit of samples of one runner's page");
        writer.WriteSample(settings.MaxSamples);
    }

    private static string NameOf(RunnerState state) => state switch
    {
        RunnerState.Loading => "loading",
        RunnerState.Ready => "ready",
        RunnerState.Stopping => "stopping",
        _ => "failed",
    };
}
