namespace ModelRunner.Daemon.Metrics;

/// <summary>The log messages about the pages of runners.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(LogLevel.Warning, "/metrics does not show the series of {Model} ({Backend}, {Mode}): {Reason}.")]
    public static partial void LogAbsent(this ILogger<PageAssembler> logger, string model, string backend, string mode, string reason);

    [LoggerMessage(LogLevel.Information, "/metrics shows the series of {Model} ({Backend}, {Mode}) again.")]
    public static partial void LogPresent(this ILogger<PageAssembler> logger, string model, string backend, string mode);
}
