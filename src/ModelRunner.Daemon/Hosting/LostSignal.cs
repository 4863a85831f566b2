using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// .NET handles SIGTERM and SIGINT on a new thread. At the limit of threads it cannot create one: the signal is lost, and the error would
/// end the process. This class treats that error as the signal, so that the daemon drains before it ends.
/// </summary>
internal static class LostSignal
{
    private static readonly object Forever = new();
    private static Action? _ask;

    /// <summary>Sets the action for a lost signal.</summary>
    public static void Install(Action ask) => Volatile.Write(ref _ask, ask);

    /// <summary>
    /// If the exception is that of a signal without a thread, runs the action and does not return. Called on the thread that receives
    /// signals.
    /// </summary>
    public static void Absorb(Exception? exception)
    {
        if (exception is not OutOfMemoryException || Volatile.Read(ref _ask) is not { } ask
            || exception.StackTrace?.Contains(nameof(PosixSignalRegistration), StringComparison.Ordinal) != true)
        {
            return;
        }

        ask();

        // A return would end the process. This thread has nothing more to do, except for a second signal, which is lost too.
        lock (Forever)
            while (true)
                Monitor.Wait(Forever);
    }
}
