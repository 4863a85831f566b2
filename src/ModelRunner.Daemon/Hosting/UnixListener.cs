using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Processes;
using ModelRunner.Linux.Sockets;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// The daemon's Unix socket: private, never taken from a running daemon, and removed once at the end if it is still this daemon's. The file
/// of a killed daemon is replaced.
/// </summary>
/// <remarks>
/// A daemon holds a lock beside its socket while it runs, also while it drains and has removed its socket. A second daemon that starts
/// meanwhile waits a short time for the lock and then refuses to start.
/// </remarks>
internal sealed class UnixListener : IDisposable
{
    /// <summary>How long a start waits for another process to release the lock.</summary>
    public static readonly TimeSpan LockTime = TimeSpan.FromSeconds(5);

    private const int Backlog = 512;

    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(100);

    // Of daemons that start at the same time, one takes the lock within milliseconds; such a short wait is not reported.
    private static readonly TimeSpan SayAfter = TimeSpan.FromMilliseconds(500);

    private readonly ProcessLock _lock;
    private readonly SafeFileHandle _file;
    private bool _isRemoved;

    private UnixListener(string path, Socket socket, ProcessLock held, SafeFileHandle file) =>
        (Path, Socket, _lock, _file) = (path, socket, held, file);

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Already listening.</summary>
    public Socket Socket { get; }

    /// <summary>Creates the socket and listens.</summary>
    /// <param name="path">Absolute; at most 107 bytes.</param>
    /// <param name="option">The name of the option that sets the path, as the user wrote it.</param>
    /// <param name="say">Called with a sentence for the user that says what the start waits for.</param>
    /// <param name="time">The clock that measures the wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ListenException">Another process has the path, it is not a socket, or the folder is missing or not writable.</exception>
    public static async Task<UnixListener> ListenAsync(
        string path, string option, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        string shown = PlainText.Escape(path);
        ProcessLock? held = null;
        Socket? socket = null;
        try
        {
            held = await TakeLockAsync(path, shown, option, say, time, cancellationToken);
            RemoveStale(path, shown, option);
            socket = UnixSystem.BindPrivately(path);
            SafeFileHandle file = UnixSystem.Refer(path);
            socket.Listen(Backlog);
            return new UnixListener(path, socket, held, file);
        }
        catch (Exception failure)
        {
            // While this process holds the lock, no other daemon creates a socket there.
            if (socket is not null)
                UnixSystem.Remove(path);
            socket?.Dispose();
            held?.Dispose();
            if (failure is Win32Exception or IOException or UnauthorizedAccessException)
            {
                throw new ListenException(
                    $"cannot create the socket {shown}: {failure.Message}; name another place with {option}", failure);
            }

            throw;
        }
    }

    /// <summary>
    /// Removes the file if it is still this daemon's, so that no client can connect any more; open connections stay. A second call does
    /// nothing, since the path may belong to another process by then.
    /// </summary>
    public void Remove()
    {
        if (Interlocked.Exchange(ref _isRemoved, true))
            return;
        if (FileStatus.OfLink(Path).IsSameFileAs(FileStatus.Of(_file)))
            UnixSystem.Remove(Path);
    }

    /// <summary>Removes the file, stops listening and releases the path for the next daemon.</summary>
    public void Dispose()
    {
        Remove();
        Socket.Dispose();
        _file.Dispose();
        _lock.Dispose();
    }

    private static async Task<ProcessLock> TakeLockAsync(
        string path, string shown, string option, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        string lockPath = path + ProcessLock.Suffix;
        long started = time.GetTimestamp();
        bool isSaid = false;
        while (true)
        {
            if (ProcessLock.TryTake(lockPath) is { } taken)
                return taken;

            // If the lock's holder accepts connections, it will not release the lock soon.
            RefuseIfListening(path, shown, option);
            TimeSpan waited = time.GetElapsedTime(started);
            if (waited >= LockTime)
            {
                throw new ListenException(
                    $"{ProcessLock.HolderOf(lockPath)} still has the lock {shown}{ProcessLock.Suffix} after {LockTime.TotalSeconds:0} s, maybe "
                    + $"a model-runner that finishes its last requests; wait, or stop it, or name another place with {option}");
            }

            if (waited >= SayAfter && !isSaid)
            {
                isSaid = true;
                say($"waiting up to {LockTime.TotalSeconds:0} s for {ProcessLock.HolderOf(lockPath)}, which has the lock {shown}{ProcessLock.Suffix}");
            }

            await Task.Delay(LockInterval, time, cancellationToken);
        }
    }

    private static void RemoveStale(string path, string shown, string option)
    {
        FileStatus found = FileStatus.OfLink(path);
        if (!found.Exists)
            return;
        if (!found.IsSocket)
        {
            throw new ListenException(
                $"{shown} is not a socket and is not replaced; move it away, or name another place with {option}");
        }

        RefuseIfListening(path, shown, option);
        File.Delete(path);
    }

    private static void RefuseIfListening(string path, string shown, string option)
    {
        if (FileStatus.OfLink(path).IsSocket && UnixSystem.IsListening(path))
            throw new ListenException($"another model-runner responds on {shown}; stop it, or name another place with {option}");
    }
}
