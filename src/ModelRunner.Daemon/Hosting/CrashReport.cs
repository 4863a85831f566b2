using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Linux;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Writes the exception that ends the process. The runtime would write it on the failed thread and block without a limit if standard error is a
/// pipe that is not read: the daemon would serve nothing and never end.
/// </summary>
internal static class CrashReport
{
    /// <summary>From now on reports exceptions that are not caught.</summary>
    public static void Install() => AppDomain.CurrentDomain.UnhandledException += static (_, failure) => End(failure.ExceptionObject);

    private static void End(object failure)
    {
        var exception = failure as Exception;
        LostSignal.Absorb(exception);
        string line = LogLine.Format(
            TimeProvider.System.GetUtcNow(), LogLevel.Critical, typeof(CrashReport).FullName!,
            "The daemon ends because of an unexpected error. Please report it", exception, withStack: true);
        ProcessLog.StandardError.Write(line);
        ProcessLog.File?.Write(line);
        ProcessLog.Flush();
        ProcessLog.File?.Flush(LogQueue.FlushTime);

        // Ends the process as the runtime does, so that a core dump is written if the system is configured for one.
        Libc.Abort();
    }
}
