using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// A connection to a server on a Unix socket. It detects whether the server read a request before it closed the connection. The kernel reports
/// a reset if data was left unread, a broken pipe if the other end was closed before the write, and an ordinary end if everything was read.
/// (This does not hold for TCP, where a reset may come from anywhere.)
/// </summary>
internal sealed class UnixSocketStream : Stream
{
    /// <summary>The time between two attempts to connect to a server whose queue of new connections is full.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(5);

    private readonly NetworkStream _inner;
    private volatile bool _awaitsResponse;
    private volatile RequestUnreadException? _unread;

    private UnixSocketStream(Socket socket) => _inner = new NetworkStream(socket, ownsSocket: true);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Opens a connection, which the caller disposes of.</summary>
    /// <param name="path">The absolute path of the socket.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait for a server that does not accept connections.</param>
    /// <exception cref="SocketException">No process listens there, or this user may not connect.</exception>
    public static async ValueTask<Stream> ConnectAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await TryConnectAsync(path, cancellationToken) is { } stream)
                return stream;
            await Task.Delay(RetryInterval, time, cancellationToken);
        }
    }

    // The kernel refuses a connection at once if the server's queue is full. On TCP it would try again by itself.
    private static async ValueTask<Stream?> TryConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new UnixSocketStream(socket);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.WouldBlock)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = _inner.ReadAsync(buffer, cancellationToken);
        if (!read.IsCompletedSuccessfully)
            return ReadSlowAsync(read, buffer.Length);
        return ValueTask.FromResult(CheckEnd(read.Result, buffer.Length));
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _awaitsResponse = true;
        try
        {
            await _inner.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException failure) when (IsClosedByServer(failure))
        {
            throw _unread ??= new RequestUnreadException(failure);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => CheckEnd(_inner.Read(buffer, offset, count), count);

    public override void Write(byte[] buffer, int offset, int count) => _inner.Write(buffer, offset, count);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadSlowAsync(ValueTask<int> read, int wanted)
    {
        try
        {
            return CheckEnd(await read, wanted);
        }
        catch (IOException failure) when (_awaitsResponse && IsClosedByServer(failure))
        {
            throw _unread ??= new RequestUnreadException(failure);
        }
    }

    // The kernel reports the reset once. Later reads would see an ordinary end.
    private int CheckEnd(int count, int wanted)
    {
        if (count > 0)
            _awaitsResponse = false;
        return count == 0 && wanted > 0 && _unread is { } unread ? throw unread : count;
    }

    private static bool IsClosedByServer(IOException failure) =>
        failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown };
}
