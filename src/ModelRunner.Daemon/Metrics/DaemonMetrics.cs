using System.Buffers;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Scheduling;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families of the daemon itself. Not thread-safe: used only under the merge lock.</summary>
/// <param name="settings">The limits.</param>
/// <param name="shared">The attached runners that are the same server.</param>
/// <param name="process">The families of the process.</param>
/// <param name="runners">The families of runners; null: they are absent.</param>
/// <param name="requests">The families of requests; null: they are absent.</param>
/// <param name="lastReload">Returns the result of the last reload; null: its families are absent.</param>
/// <param name="certificateExpiry">Returns when the certificate of the TCP port expires; null: it has none.</param>
/// <param name="pulls">What pulls did; null: their families are absent.</param>
/// <param name="sizes">Returns what each source of models holds; null: these families are absent.</param>
/// <param name="pushes">What pushes did; null: their families are absent.</param>
internal sealed class DaemonMetrics(
    MetricsSettings settings, SharedEndpoints shared, ProcessMetrics process, RunnerMetrics? runners, RequestMetrics? requests,
    Func<ReloadSnapshot>? lastReload, Func<DateTimeOffset>? certificateExpiry, PullCounters? pulls = null, Func<IReadOnlyList<SourceSize>>? sizes = null,
    PushCounters? pushes = null)
{
    private volatile MetricsSettings _settings = settings;
    private volatile SharedEndpoints _shared = shared;

    /// <summary>The pages that were sent.</summary>
    public PageCounts Pages { get; } = new();

    /// <summary>Replaces the settings. Thread-safe.</summary>
    public void Configure(MetricsSettings settings, SharedEndpoints shared) => (_settings, _shared) = (settings, shared);

    /// <param name="output">The destination.</param>
    /// <param name="outcomes">All runners, in the order of their series on the page.</param>
    /// <param name="conflicts">The number of families in conflict on the previous page, by conflict.</param>
    /// <param name="usages">What the processes of runners use.</param>
    /// <param name="hasCreationTimes">Whether creation times of counters and histograms are written, for OpenMetrics.</param>
    public void Write(
        IBufferWriter<byte> output, ReadOnlySpan<SourceOutcome> outcomes, IReadOnlyList<int> conflicts,
        IReadOnlyDictionary<RunnerId, RunnerUsage> usages, bool hasCreationTimes)
    {
        var writer = new FamilyWriter(output, hasCreationTimes ? process.StartedAt.ToUnixTimeMilliseconds() : null);
        writer.Write(MetricFamilies.BuildInfo, 1, BuildInformation.Version, BuildInformation.Runtime);
        WriteStates(writer, outcomes);
        WriteUp(writer, outcomes);
        runners?.Write(writer, outcomes, usages);
        requests?.Write(writer);
        WriteShared(writer, outcomes);
        WriteReadings(writer, outcomes);
        WriteCounters(writer, outcomes);
        WritePage(writer, conflicts);
        WriteReload(writer);
        if (certificateExpiry is not null)
            writer.Write(MetricFamilies.CertificateExpiry, certificateExpiry().ToUnixTimeSeconds());
        PullMetrics.Write(writer, pulls);
        PushMetrics.Write(writer, pushes);
        StoreMetrics.Write(writer, sizes?.Invoke() ?? []);
        process.Write(writer);
        LogMetrics.Write(writer);
        writer.Complete();
    }

    private static void WriteStates(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        Span<int> counts = stackalloc int[RunnerStateNames.Shown.Count];
        foreach (ref readonly SourceOutcome outcome in outcomes)
            counts[(int)outcome.Scrape.Runner.State]++;
        foreach (RunnerState state in RunnerStateNames.Shown)
            writer.Write(MetricFamilies.Runners, counts[(int)state], state.ToLabelValue());
    }

    private static void WriteUp(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
            writer.Write(MetricFamilies.Up, outcome.Scrape.Labels, outcome.Failure is null ? 1 : 0);
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Failure is { } reason)
                writer.Write(MetricFamilies.DownInfo, outcome.Scrape.Labels, 1, reason.ToLabelValue());
        }
    }

    private void WriteShared(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (_shared.CountOf(outcome.Scrape.Runner) is > 0 and var count)
                writer.Write(MetricFamilies.SharedEndpoint, outcome.Scrape.Labels, count);
        }
    }

    private static void WriteReadings(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Scrape.Duration is { } duration)
                writer.Write(MetricFamilies.ScrapeDuration, outcome.Scrape.Labels, duration.TotalSeconds);
        }

        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Summary is { } summary)
                writer.Write(MetricFamilies.ScrapeSamples, outcome.Scrape.Labels, summary.Samples);
        }

        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            if (outcome.Summary is not null)
                writer.Write(MetricFamilies.ScrapeBodyBytes, outcome.Scrape.Labels, outcome.Scrape.RunnerScrape!.Body.Length);
        }
    }

    private static void WriteCounters(FamilyWriter writer, ReadOnlySpan<SourceOutcome> outcomes)
    {
        WriteCounters(writer, MetricFamilies.ScrapeFailures, outcomes,
            static counters => counters.Failures, static reason => ((ScrapeFailureReason)reason).ToLabelValue());
        WriteCounters(writer, MetricFamilies.ScrapeLinesDropped, outcomes,
            static counters => counters.Dropped, static reason => ((ExpositionErrorReason)reason).ToLabelValue());
    }

    private static void WriteCounters(
        FamilyWriter writer, MetricFamily family, ReadOnlySpan<SourceOutcome> outcomes,
        Func<RunnerCounters, ReadOnlySpan<long>> counts, Func<int, string> nameOf)
    {
        foreach (ref readonly SourceOutcome outcome in outcomes)
        {
            ReadOnlySpan<long> values = counts(outcome.Counters);
            for (int reason = 0; reason < values.Length; reason++)
            {
                if (values[reason] > 0)
                    writer.WriteTotal(family, outcome.Scrape.Labels, values[reason], outcome.Counters.BeganAt, nameOf(reason));
            }
        }
    }

    private void WritePage(FamilyWriter writer, IReadOnlyList<int> conflicts)
    {
        foreach (MergeConflict conflict in MergeConflicts.All)
            writer.Write(MetricFamilies.PageConflicts, conflicts[(int)conflict], conflict.ToLabelValue());
        writer.Write(MetricFamilies.Scrapes, Pages.Text, "text");
        writer.Write(MetricFamilies.Scrapes, Pages.OpenMetrics, "openmetrics");
        if (Pages.LastDuration is { } duration)
            writer.Write(MetricFamilies.PageDuration, duration.TotalSeconds);
        writer.Write(MetricFamilies.ScrapeBodyLimit, _settings.MaxBodyBytes);
        writer.Write(MetricFamilies.ScrapeSampleLimit, _settings.MaxSamples);
    }

    private void WriteReload(FamilyWriter writer)
    {
        if (lastReload?.Invoke() is not { } last)
            return;
        writer.Write(MetricFamilies.ReloadSuccessful, last.IsSuccessful ? 1 : 0);
        writer.Write(MetricFamilies.ReloadSuccessTime, last.SucceededAt.ToUnixTimeMilliseconds() / 1000.0);
    }
}
