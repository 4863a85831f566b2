namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Sets up the daemon's log: lines on standard error, and in files if a folder is set.</summary>
internal static class LoggingSetup
{
    /// <summary>Replaces all other providers.</summary>
    /// <param name="logging">The host's logging.</param>
    /// <param name="level">The lowest level that is shown.</param>
    /// <param name="folder">Absolute path of the folder for log files; null: none.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <exception cref="IOException">The folder or the file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create them.</exception>
    public static void UseLineLog(this ILoggingBuilder logging, LogLevel level, string? folder, TimeProvider time)
    {
        List<ILogSink> sinks = [new StandardErrorSink()];
        if (folder is not null)
            sinks.Add(ProcessLog.OpenFile(folder, time));

        logging.ClearProviders();
        logging.SetMinimumLevel(level);
        logging.AddProvider(new LineLoggerProvider(level, time, sinks));
    }
}
