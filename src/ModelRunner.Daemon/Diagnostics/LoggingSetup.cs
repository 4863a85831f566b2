using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Diagnostics;

/// <summary>Sets up the daemon's log: lines on standard error, and in files if a folder is set.</summary>
internal static class LoggingSetup
{
    /// <summary>Replaces all other providers.</summary>
    /// <param name="logging">The host's logging.</param>
    /// <param name="settings">The lowest level that is shown, and the folder for log files. The level follows later changes.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <exception cref="IOException">The folder or the file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not create them.</exception>
    public static void UseLineLog(this ILoggingBuilder logging, SettingsStore settings, TimeProvider time)
    {
        List<ILogSink> sinks = [new StandardErrorSink()];
        if (settings.Current.LogDirectory is { } folder)
            sinks.Add(ProcessLog.OpenFile(folder, time));

        logging.ClearProviders();
        // The provider decides what is shown, because its level can change.
        logging.SetMinimumLevel(LogLevel.Trace);
        var provider = new LineLoggerProvider(settings.Current.LogLevel, time, sinks);
        settings.Subscribe(next => provider.SetMinimum(next.LogLevel));
        logging.AddProvider(provider);
    }
}
