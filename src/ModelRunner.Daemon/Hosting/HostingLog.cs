namespace ModelRunner.Daemon.Hosting;

/// <summary>Log events about the daemon's start and end.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(LogLevel.Information, "model-runner {Version} listens on {Addresses}.")]
    public static partial void LogListening(this ILogger<DaemonApplication> logger, string version, string addresses);

    [LoggerMessage(LogLevel.Information, "Models are run with {Engine} at {Path}.")]
    public static partial void LogEngine(this ILogger<DaemonApplication> logger, string engine, string path);

    [LoggerMessage(LogLevel.Warning, "There is neither llama-server nor the embedded llama-host: only attached runners and models with an engine of the "
        + "configuration can serve. Install llama.cpp or set LLAMA_SERVER_PATH.")]
    public static partial void LogNoEngine(this ILogger<DaemonApplication> logger);

    [LoggerMessage(LogLevel.Warning, "Every client that reaches {Address} can use this daemon, because it was started with the option insecure "
        + "and without a key.")]
    public static partial void LogInsecure(this ILogger<DaemonApplication> logger, string address);

    [LoggerMessage(LogLevel.Warning, "{Sentence}")]
    public static partial void LogSettingsWarning(this ILogger<DaemonApplication> logger, string sentence);

    [LoggerMessage(LogLevel.Warning,
        "No more connections can be accepted on {Address}: {Cause}. New clients wait until others disconnect; raise the limit of open files (ulimit -n).")]
    public static partial void LogNoFiles(this ILogger<RetryingListener> logger, System.Net.EndPoint address, string cause);

    [LoggerMessage(LogLevel.Information, "{Program} was replaced. New loads use it; loaded models go on with the program that they were started with.")]
    public static partial void LogProgramReplaced(this ILogger<DaemonApplication> logger, string program);

    [LoggerMessage(LogLevel.Information, "The daemon ends: running requests may take up to {Seconds} s more.")]
    public static partial void LogDraining(this ILogger<DaemonApplication> logger, double seconds);

    [LoggerMessage(LogLevel.Information, "Ended.")]
    public static partial void LogEnded(this ILogger<DaemonApplication> logger);
}
