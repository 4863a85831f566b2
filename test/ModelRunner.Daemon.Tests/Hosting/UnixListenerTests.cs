using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class UnixListenerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private readonly List<string> _said = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string SocketPath => Path.Join(_folder.Path, "d.sock");

    private string LockPath => SocketPath + ProcessLock.Suffix;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_the_owner_can_use_the_socket_and_it_is_removed_at_the_end()
    {
        using (await ListenAsync())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
            using Socket client = Connect();
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task The_socket_of_a_dead_daemon_is_replaced()
    {
        using (await ListenAsync())
        {
            File.Move(SocketPath, SocketPath + ".kept");
        }

        File.Move(SocketPath + ".kept", SocketPath);
        File.WriteAllText(LockPath, "1\n");
        using UnixListener listener = await ListenAsync();
        using Socket client = Connect();

        Assert.True(client.Connected);
    }

    [Fact]
    public async Task A_socket_in_use_is_never_replaced()
    {
        using UnixListener first = await ListenAsync();

        var refusal = await Assert.ThrowsAsync<ListenException>(ListenAsync);

        Assert.StartsWith($"another model-runner responds on {SocketPath}", refusal.Message, StringComparison.Ordinal);
        using Socket client = Connect();
        Assert.True(client.Connected);
    }

    [Fact]
    public async Task A_socket_in_use_by_a_program_without_a_lock_is_never_replaced()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(SocketPath));
        other.Listen();

        var refusal = await Assert.ThrowsAsync<ListenException>(ListenAsync);

        Assert.StartsWith($"another model-runner responds on {SocketPath}", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(LockPath));
    }

    [Fact]
    public async Task A_file_that_is_not_a_socket_is_not_replaced()
    {
        string file = _folder.Write("d.sock", "important");

        var refusal = await Assert.ThrowsAsync<ListenException>(ListenAsync);

        Assert.Contains("is not a socket", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("important", File.ReadAllText(file));
    }

    [Fact]
    public async Task A_link_is_not_replaced()
    {
        File.CreateSymbolicLink(SocketPath, Path.Join(_folder.Path, "nothing"));

        await Assert.ThrowsAsync<ListenException>(ListenAsync);

        Assert.NotNull(new FileInfo(SocketPath).LinkTarget);
    }

    [Fact]
    public async Task A_lock_file_that_is_a_link_is_not_followed()
    {
        string target = Path.Join(_folder.Path, "target");
        File.CreateSymbolicLink(LockPath, target);

        var refusal = await Assert.ThrowsAsync<ListenException>(ListenAsync);

        Assert.StartsWith($"cannot create the socket {SocketPath}: ", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task A_missing_folder_is_named()
    {
        string path = Path.Join(_folder.Path, "missing", "d.sock");

        var refusal = await Assert.ThrowsAsync<ListenException>(() => UnixListener.ListenAsync(path, "--socket", _said.Add, TimeProvider.System, Cancellation));
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_26_If_many_daemons_start_at_once_one_listens_and_the_others_are_refused()
    {
        Task<UnixListener?>[] starts = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(TryListenAsync))];
        UnixListener?[] results = await Task.WhenAll(starts);

        using UnixListener winner = Assert.Single(results.OfType<UnixListener>());
        using Socket client = Connect();
        Assert.True(client.Connected);
        Figures.Print($"{results.Length} daemons start at once: {results.Count(static one => one is not null)} listens, {results.Count(static one => one is null)} are refused");
    }

    [Fact]
    public async Task A_daemon_that_drains_keeps_the_path_until_it_ends()
    {
        var time = new FakeTimeProvider();
        UnixListener draining = await ListenAsync();
        draining.Remove();
        Task<UnixListener> start = UnixListener.ListenAsync(SocketPath, "--socket", _said.Add, time, Cancellation);
        await AdvanceUntilAsync(time, () => _said.Count > 0);
        Assert.False(start.IsCompleted);

        draining.Dispose();
        await AdvanceUntilAsync(time, () => start.IsCompleted);
        using UnixListener next = await start;

        Assert.Equal([$"waiting up to 5 s for process {Environment.ProcessId}, which has the lock {LockPath}"], _said);
        using Socket client = Connect();
        Assert.True(client.Connected);
        Assert.True(File.Exists(LockPath));
    }

    [Fact]
    public async Task A_lock_that_is_not_released_ends_the_start_after_five_seconds()
    {
        var time = new FakeTimeProvider();
        using ProcessLock? held = ProcessLock.TryTake(LockPath);
        long started = time.GetTimestamp();
        Task<UnixListener> start = UnixListener.ListenAsync(SocketPath, "--socket", _said.Add, time, Cancellation);
        await AdvanceUntilAsync(time, () => start.IsCompleted);
        Assert.InRange(time.GetElapsedTime(started), UnixListener.LockTime, TimeSpan.MaxValue);

        var refusal = await Assert.ThrowsAsync<ListenException>(() => start);

        Assert.StartsWith($"process {Environment.ProcessId} still has the lock {LockPath} after 5 s, ", refusal.Message, StringComparison.Ordinal);
        Assert.Single(_said);
    }

    [Fact]
    public async Task A_lock_whose_file_was_removed_does_not_block_a_start()
    {
        using ProcessLock? lost = ProcessLock.TryTake(LockPath);
        File.Delete(LockPath);

        using UnixListener listener = await ListenAsync();

        Assert.NotNull(lost);
        Assert.Null(ProcessLock.TryTake(LockPath));
    }

    [Fact]
    public void The_lock_of_another_daemon_at_the_same_path_stays()
    {
        ProcessLock? lost = ProcessLock.TryTake(LockPath);
        File.Delete(LockPath);
        using ProcessLock? next = ProcessLock.TryTake(LockPath);

        lost!.Dispose();

        Assert.True(File.Exists(LockPath));
        Assert.Null(ProcessLock.TryTake(LockPath));
    }

    [Fact]
    public async Task A_socket_is_removed_only_once_even_if_its_inode_is_reused()
    {
        UnixListener first = await ListenAsync();
        using Process link = Process.Start("ln", [SocketPath, SocketPath + ".kept"]);
        await link.WaitForExitAsync(Cancellation);
        first.Remove();
        Assert.False(File.Exists(SocketPath));
        File.Move(SocketPath + ".kept", SocketPath);

        first.Dispose();

        Assert.True(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_foreign_file_at_the_path_is_not_removed()
    {
        UnixListener first = await ListenAsync();
        File.Delete(SocketPath);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(SocketPath));

        // Kestrel stops listening first; without a reference to the file, the kernel could reuse its inode number.
        first.Socket.Dispose();
        first.Dispose();

        Assert.True(File.Exists(SocketPath));
    }

    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> condition)
    {
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(condition());
            },
            DaemonFixture.Patience);
    }

    private Task<UnixListener> ListenAsync() => UnixListener.ListenAsync(SocketPath, "--socket", _said.Add, TimeProvider.System, Cancellation);

    private async Task<UnixListener?> TryListenAsync()
    {
        try
        {
            return await UnixListener.ListenAsync(SocketPath, "--socket", static _ => { }, TimeProvider.System, Cancellation);
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
