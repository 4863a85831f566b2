using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// The daemon's Unix socket: private, never taken from a daemon that lives, and removed once at the end if it is still ours. A file that a
/// killed daemon left behind is replaced.
/// </summary>
/// <remarks>
/// A daemon holds a lock beside its socket for as long as it lives, so also while it drains and its socket is gone already. A second daemon
/// that starts meanwhile waits a short time for the lock and then refuses to start.
/// </remarks>
internal sealed class UnixListener : IDisposable
{
    /// <summary>How long a start waits for another process that has the lock.</summary>
    public static readonly TimeSpan LockTime = TimeSpan.FromSeconds(5);

    private const int Backlog = 512;

    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(100);

    // Daemons that start at the same time decide within some milliseconds who listens; that is not worth a sentence.
    private static readonly TimeSpan SayAfter = TimeSpan.FromMilliseconds(500);

    private readonly SocketLock _lock;
    private readonly SafeFileHandle _file;
    private bool _isRemoved;

    private UnixListener(string path, Socket socket, SocketLock held, SafeFileHandle file) =>
        (Path, Socket, _lock, _file) = (path, socket, held, file);

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Listens already.</summary>
    public Socket Socket { get; }

    /// <summary>Makes the socket and listens.</summary>
    /// <param name="path">Absolute; at most 107 bytes.</param>
    /// <param name="option">What the user calls the option that names the path.</param>
    /// <param name="say">Tells the user, in a sentence, what is waited for.</param>
    /// <param name="time">The clock that the waiting is measured with.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ListenException">Another process has the path, something else lies there, or the folder is missing or closed.</exception>
    public static async Task<UnixListener> ListenAsync(
        string path, string option, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        string shown = PlainText.Escape(path);
        SocketLock? held = null;
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
            // Nobody else makes a socket there while we have the lock.
            if (socket is not null)
                UnixSystem.Remove(path);
            socket?.Dispose();
            held?.Dispose();
            if (failure is Win32Exception or IOException or UnauthorizedAccessException)
            {
                throw new ListenException(
                    $"cannot make the socket {shown}: {failure.Message}; name another place with {option}", failure);
            }

            throw;
        }
    }

    /// <summary>
    /// Removes the file if it is still ours, so that nobody comes any more; those who are connected stay. A second call does nothing: the
    /// path may belong to somebody else by then.
    /// </summary>
    public void Remove()
    {
        if (Interlocked.Exchange(ref _isRemoved, true))
            return;
        if (FileStatus.OfLink(Path).IsSameFileAs(FileStatus.Of(_file)))
            UnixSystem.Remove(Path);
    }

    /// <summary>Removes the file, stops listening and lets the next daemon have the path.</summary>
    public void Dispose()
    {
        Remove();
        Socket.Dispose();
        _file.Dispose();
        _lock.Dispose();
    }

    private static async Task<SocketLock> TakeLockAsync(
        string path, string shown, string option, Action<string> say, TimeProvider time, CancellationToken cancellationToken)
    {
        string lockPath = path + SocketLock.Suffix;
        long started = time.GetTimestamp();
        bool isSaid = false;
        while (true)
        {
            if (SocketLock.TryTake(lockPath) is { } taken)
                return taken;

            // If the lock's holder answers on the socket, it will not give up the lock soon.
            RefuseIfAnswered(path, shown, option);
            TimeSpan waited = time.GetElapsedTime(started);
            if (waited >= LockTime)
            {
                throw new ListenException(
                    $"{SocketLock.HolderOf(lockPath)} still has the lock {shown}{SocketLock.Suffix} after {LockTime.TotalSeconds:0} s, maybe "
                    + $"a model-runner that lets its last requests end; wait or stop it, or name another place with {option}");
            }

            if (waited >= SayAfter && !isSaid)
            {
                isSaid = true;
                say($"waiting up to {LockTime.TotalSeconds:0} s for {SocketLock.HolderOf(lockPath)}, which has the lock {shown}{SocketLock.Suffix}");
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
                $"{shown} is not a socket and is left alone; move it away, or name another place with {option}");
        }

        RefuseIfAnswered(path, shown, option);
        File.Delete(path);
    }

    private static void RefuseIfAnswered(string path, string shown, string option)
    {
        if (FileStatus.OfLink(path).IsSocket && IsAnswered(path))
            throw new ListenException($"another model-runner answers on {shown}; stop it, or name another place with {option}");
    }

    // Only a refused connection proves that nobody listens; a full queue or a closed door means that somebody does. A socket that has just
    // been removed is nobody's.
    private static bool IsAnswered(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode != SocketError.ConnectionRefused && FileStatus.OfLink(path).Exists;
        }
    }
}
