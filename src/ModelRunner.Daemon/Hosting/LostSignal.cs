using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// .NET answers SIGTERM and SIGINT on a new thread. At the limit of threads there is none: the signal is lost, and the process would be ended
/// by the error. This takes the error for the signal, so that the daemon ends in good order.
/// </summary>
internal static class LostSignal
{
    private static readonly object Forever = new();
    private static Action? _ask;

    /// <summary>Names what a signal that got lost is to do.</summary>
    public static void Install(Action ask) => Volatile.Write(ref _ask, ask);

    /// <summary>Does not return where the exception is that of a signal without a thread. Called by the thread that takes signals.</summary>
    public static void Absorb(Exception? exception)
    {
        if (exception is not OutOfMemoryException || Volatile.Read(ref _ask) is not { } ask
            || exception.StackTrace?.Contains(nameof(PosixSignalRegistration), StringComparison.Ordinal) != true)
        {
            return;
        }

        ask();

        // Whoever returns from here ends the process. The thread has nothing more to do, unless a second signal comes, which is lost too.
        lock (Forever)
            while (true)
                Monitor.Wait(Forever);
    }
}
