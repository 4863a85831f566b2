namespace ModelRunner.Scheduling;

/// <summary>How long to wait after starts that failed in a row.</summary>
internal static class Backoff
{
    /// <summary>How long a runner must have been ready for its earlier failures to be forgiven.</summary>
    public static readonly TimeSpan ForgivenAfter = TimeSpan.FromSeconds(10);

    /// <summary>The smallest wait after one failure, doubled with each further one up to the longest.</summary>
    /// <param name="failures">Failures in a row; 0 or less: no wait.</param>
    /// <param name="settings">The smallest and the longest wait.</param>
    public static TimeSpan After(int failures, SchedulerSettings settings)
    {
        if (failures <= 0)
            return TimeSpan.Zero;
        double factor = Math.Pow(2, Math.Min(failures - 1, 30));
        double seconds = Math.Min(settings.MinBackoff.TotalSeconds * factor, settings.MaxBackoff.TotalSeconds);
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>
    /// When a failure is forgotten if nobody asks for the model again: one more longest wait after the next start was allowed, so that
    /// waits can go on doubling.
    /// </summary>
    public static TimeSpan ForgetAt(ManagedRunnerState runner, SchedulerSettings settings)
    {
        TimeSpan from = runner.RetryAt > runner.FailedAt ? runner.RetryAt : runner.FailedAt;
        return from + settings.MaxBackoff;
    }
}
