using ModelRunner.Configuration;
using ModelRunner.Daemon.Ledger;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Takes the state folder at the start. The previous daemon may still use it: it stores the totals of its last requests while it drains, when its
/// port is free already.
/// </summary>
internal static class StateFolder
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Most daemons release the folder at once; such a short wait is not reported.
    private static readonly TimeSpan SayAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>Waits as long for the folder as for the socket, <see cref="UnixListener.LockTime"/>.</summary>
    /// <param name="settings">Where the folder is.</param>
    /// <param name="say">Called with a sentence for the user that says what the start waits for.</param>
    /// <param name="time">The clock that measures the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The file of the ledger, which the caller disposes; null: the ledger is in memory. If another process still has the folder, or the folder
    /// cannot be used, the file is not locked: the ledger says so when it opens it.
    /// </returns>
    public static async Task<LedgerFile?> TakeAsync(
        LedgerSettings settings, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        if (settings.StatePath is not { } folder)
            return null;
        var file = new LedgerFile(folder);
        long started = time.GetTimestamp();
        bool isSaid = false;
        while (!IsTakenOrUnusable(file) && time.GetElapsedTime(started) is var waited && waited < UnixListener.LockTime)
        {
            if (waited >= SayAfter && !isSaid)
            {
                isSaid = true;
                say($"waiting up to {UnixListener.LockTime.TotalSeconds:0} s for {file.Holder}, which uses the state folder {folder}");
            }

            await Task.Delay(Interval, time, cancellationToken);
        }

        return file;
    }

    private static bool IsTakenOrUnusable(LedgerFile file)
    {
        try
        {
            return file.TryLock();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
