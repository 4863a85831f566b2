using System.ComponentModel;
using System.Net.Sockets;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// The daemon's Unix socket: private, never taken from one who answers on it, and removed at the end if it is still ours. A file that a
/// killed daemon left behind is replaced.
/// </summary>
internal sealed class UnixListener : IDisposable
{
    private const int Backlog = 512;

    private readonly ulong _inode;

    private UnixListener(string path, Socket socket, ulong inode) => (Path, Socket, _inode) = (path, socket, inode);

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Listens already.</summary>
    public Socket Socket { get; }

    /// <summary>Makes the socket and listens.</summary>
    /// <param name="path">Absolute; at most 107 bytes.</param>
    /// <exception cref="ListenException">Somebody answers there, something else lies there, or the folder is missing or closed.</exception>
    public static UnixListener Listen(string path)
    {
        string shown = PlainText.Escape(path);
        try
        {
            // Of two daemons that start at once the second waits here, and then finds that the first one answers.
            using (UnixSystem.LockFolder(System.IO.Path.GetDirectoryName(path)!))
            {
                RemoveStale(path, shown);
                Socket socket = UnixSystem.BindPrivately(path);
                socket.Listen(Backlog);
                return new UnixListener(path, socket, UnixSystem.Look(path)?.Inode ?? 0);
            }
        }
        catch (Exception failure) when (failure is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new ListenException(
                $"cannot make the socket {shown}: {failure.Message}; name another place in MODEL_RUNNER_SOCK", failure);
        }
    }

    /// <summary>Removes the file if it is still ours, so that nobody comes any more; those who are connected stay.</summary>
    public void Remove()
    {
        if (UnixSystem.Look(Path)?.Inode == _inode)
            File.Delete(Path);
    }

    /// <summary>Removes the file and stops listening.</summary>
    public void Dispose()
    {
        Remove();
        Socket.Dispose();
    }

    private static void RemoveStale(string path, string shown)
    {
        if (UnixSystem.Look(path) is not { } found)
            return;
        if (!found.IsSocket)
        {
            throw new ListenException(
                $"{shown} is not a socket and is left alone; move it away, or name another place in MODEL_RUNNER_SOCK");
        }

        if (IsAnswered(path))
            throw new ListenException($"another model-runner answers on {shown}; stop it, or name another place in MODEL_RUNNER_SOCK");

        File.Delete(path);
    }

    // Only a refused connection proves that nobody listens; a full queue or a closed door means that somebody does.
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
            return failure.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }
}
