namespace ModelRunner.Scheduling;

/// <summary>How long to wait after starts that failed in a row.</summary>
internal static class Backoff
{
    /// <summary>How long a runner must have been ready for its earlier failures to be forgiven.</summary>
    public static readonly TimeSpan ForgivenAfter = TimeSpan.FromSeconds(10);

    /// <summary>How long a failure is shown when nobody asks for the model again.</summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromSeconds(60);

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
}
