using ModelRunner.Daemon.Scraping;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The counters of one set of labels, over all starts of its runners. Not thread-safe: used only under the merge lock.</summary>
/// <param name="began">When the first page of a runner with these labels was asked for.</param>
internal sealed class RunnerCounters(DateTimeOffset began)
{
    private readonly long[] _failures = new long[ScrapeFailureReasons.Count];
    private readonly long[] _dropped = new long[Enum.GetValues<ExpositionErrorReason>().Length];

    /// <summary>When the counters began, in milliseconds since 1970.</summary>
    public long BeganAt { get; } = began.ToUnixTimeMilliseconds();

    /// <summary>Why its series were missing from the previous page; null if they were present.</summary>
    public ScrapeFailureReason? LastFailure { get; set; }

    public ReadOnlySpan<long> Failures => _failures;

    public ReadOnlySpan<long> Dropped => _dropped;

    public void CountFailure(ScrapeFailureReason reason, int times = 1) => _failures[(int)reason] += times;

    /// <summary>Counts dropped lines, except those of <see cref="CountEscapingCollisions"/>.</summary>
    public void CountDropped(SourceSummary summary)
    {
        for (int reason = 0; reason < _dropped.Length; reason++)
            if (reason != (int)ExpositionErrorReason.EscapingCollision)
                _dropped[reason] += summary.Dropped((ExpositionErrorReason)reason);
    }

    public void CountEscapingCollisions(SourceSummary summary) =>
        _dropped[(int)ExpositionErrorReason.EscapingCollision] += summary.Dropped(ExpositionErrorReason.EscapingCollision);
}
