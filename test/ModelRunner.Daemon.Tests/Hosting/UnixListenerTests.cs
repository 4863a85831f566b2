using System.Net.Sockets;
using ModelRunner.Daemon.Hosting;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class UnixListenerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string SocketPath => Path.Join(_folder.Path, "d.sock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_socket_is_its_owners_alone_and_gone_at_the_end()
    {
        using (UnixListener listener = UnixListener.Listen(SocketPath))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
            using Socket client = Connect();
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_socket_that_a_dead_daemon_left_is_replaced()
    {
        using (UnixListener dead = UnixListener.Listen(SocketPath))
        {
            File.Move(SocketPath, SocketPath + ".kept");
        }

        File.Move(SocketPath + ".kept", SocketPath);
        using UnixListener listener = UnixListener.Listen(SocketPath);
        using Socket client = Connect();

        Assert.True(client.Connected);
    }

    [Fact]
    public void A_socket_that_somebody_answers_on_is_never_taken()
    {
        using UnixListener first = UnixListener.Listen(SocketPath);

        var refusal = Assert.Throws<ListenException>(() => UnixListener.Listen(SocketPath));

        Assert.StartsWith($"another model-runner answers on {SocketPath}", refusal.Message, StringComparison.Ordinal);
        using Socket client = Connect();
        Assert.True(client.Connected);
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        string file = _folder.Write("d.sock", "important");

        var refusal = Assert.Throws<ListenException>(() => UnixListener.Listen(file));

        Assert.Contains("is not a socket", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("important", File.ReadAllText(file));
    }

    [Fact]
    public void A_link_is_left_alone_wherever_it_leads()
    {
        File.CreateSymbolicLink(SocketPath, Path.Join(_folder.Path, "nothing"));

        Assert.Throws<ListenException>(() => UnixListener.Listen(SocketPath));

        Assert.NotNull(new FileInfo(SocketPath).LinkTarget);
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        string path = Path.Join(_folder.Path, "missing", "d.sock");

        Assert.Contains(path, Assert.Throws<ListenException>(() => UnixListener.Listen(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_that_start_at_once_one_listens_and_the_others_say_so()
    {
        Task<UnixListener?>[] starts = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(TryListen))];
        UnixListener?[] results = await Task.WhenAll(starts);

        using UnixListener winner = Assert.Single(results.OfType<UnixListener>());
        using Socket client = Connect();
        Assert.True(client.Connected);
    }

    [Fact]
    public void What_a_next_daemon_put_there_is_not_removed()
    {
        UnixListener first = UnixListener.Listen(SocketPath);
        File.Delete(SocketPath);
        using UnixListener second = UnixListener.Listen(SocketPath);

        first.Dispose();

        using Socket client = Connect();
        Assert.True(client.Connected);
    }

    private UnixListener? TryListen()
    {
        try
        {
            return UnixListener.Listen(SocketPath);
        }
        catch (ListenException)
        {
            return null;
        }
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }
}
