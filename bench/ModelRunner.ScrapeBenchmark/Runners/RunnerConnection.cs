using System.Net.Sockets;

namespace ModelRunner.ScrapeBenchmark.Runners;

/// <summary>One connection to a fake runner: every request gets the same bytes.</summary>
internal sealed class RunnerConnection(Socket socket, byte[] answer) : IDisposable
{
    // Detects the end of the request headers: the last four bytes received, the newest one lowest.
    private const uint BlankLine = 0x0D0A0D0A;

    private uint _newest;
    private int _owed;
    private int _sent;

    public Socket Socket { get; } = socket;

    /// <summary>Whether a part of the response waits for room in the socket.</summary>
    public bool IsWriting { get; private set; }

    /// <summary>Reads available bytes and sends due responses.</summary>
    /// <returns>Whether the connection is still open.</returns>
    public bool Serve()
    {
        Span<byte> request = stackalloc byte[4096];
        int count = Socket.Receive(request, SocketFlags.None, out SocketError error);
        if (count <= 0 && error != SocketError.WouldBlock)
            return false;
        foreach (byte value in request[..count])
        {
            _newest = (_newest << 8) | value;
            _owed += _newest == BlankLine ? 1 : 0;
        }

        return Send();
    }

    public void Dispose() => Socket.Dispose();

    private bool Send()
    {
        while (_owed > 0)
        {
            _sent += Socket.Send(answer.AsSpan(_sent), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                return false;
            IsWriting = _sent < answer.Length;
            if (IsWriting)
                return true;
            _owed--;
            _sent = 0;
        }

        return true;
    }
}
