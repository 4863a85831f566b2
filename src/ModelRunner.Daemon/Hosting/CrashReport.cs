using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Linux;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Writes what the process dies of. The runtime would write it itself, from the thread that failed, and wait for ever where standard error
/// is a pipe that nobody reads: the daemon would be dead and still be there.
/// </summary>
internal static class CrashReport
{
    /// <summary>Reports exceptions that nobody catches, from now on.</summary>
    public static void Install() => AppDomain.CurrentDomain.UnhandledException += static (_, failure) => End(failure.ExceptionObject);

    private static void End(object failure)
    {
        var exception = failure as Exception;
        LostSignal.Absorb(exception);
        ProcessLog.StandardError.Write(LogLine.Format(
            TimeProvider.System.GetUtcNow(), LogLevel.Critical, typeof(CrashReport).FullName!,
            "The daemon ends with an error that it did not expect. Please report it", exception, withStack: true));
        ProcessLog.Flush();

        // As the runtime ends the process, so that a memory dump is made where the system is set up for it.
        Libc.Abort();
    }
}
