namespace ModelRunner.Scheduling;

/// <summary>The wait after failed starts.</summary>
internal static class Backoff
{
    /// <summary>A runner that was ready for at least this time starts with no failures again.</summary>
    public static readonly TimeSpan ForgivenAfter = TimeSpan.FromSeconds(10);

    /// <summary>Returns the smallest wait after one failure, doubled for each further failure, up to the longest wait.</summary>
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
    /// When a failure is forgotten if no request for the model arrives: one longest wait after the next start is allowed, so that the waits can
    /// keep doubling.
    /// </summary>
    public static TimeSpan ForgetAt(ManagedRunnerState runner, SchedulerSettings settings)
    {
        TimeSpan from = runner.RetryAt > runner.FailedAt ? runner.RetryAt : runner.FailedAt;
        return from + settings.MaxBackoff;
    }
}
