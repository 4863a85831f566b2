using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>A runner whose page and whose responses have its number. It can be replaced by another one on the same socket.</summary>
internal sealed class NonceServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Socket> _connections = [];
    private readonly Task _accepting;
    private readonly string _path;
    private readonly byte[] _page;
    private readonly byte[] _answer;

    public NonceServer(string path, int number, int generation)
    {
        _path = path;
        _page = Response("text/plain; version=0.0.4", string.Create(CultureInfo.InvariantCulture, $"rt:nonce {NonceOf(number, generation)}\n"));
        _answer = Response("application/json", string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"object":"text_completion","model":"m{{number}}:latest","choices":[{"index":0,"text":"{{NonceOf(number, generation)}}","finish_reason":"stop"}]}"""));
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(512);
        _accepting = AcceptAsync();
    }

    /// <summary>What it answers.</summary>
    public static int NonceOf(int number, int generation) => (number * 1000) + generation;

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        lock (_connections)
            _connections.ForEach(static connection => connection.Dispose());
        await _accepting;
        File.Delete(_path);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
                served.Add(ServeAsync(await _listener.AcceptAsync(_ending.Token)));
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        lock (_connections)
            _connections.Add(connection);
        byte[] buffer = new byte[8192];
        try
        {
            // The requests of the daemon are small, and it sends the next one only after the response.
            while (await connection.ReceiveAsync(buffer, _ending.Token) is > 0 and var count)
            {
                string head = Encoding.ASCII.GetString(buffer, 0, count);
                if (head.StartsWith("POST ", StringComparison.Ordinal))
                {
                    while (!head.EndsWith('}'))
                        head += Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer, _ending.Token));
                }

                await connection.SendAsync(head.StartsWith("POST ", StringComparison.Ordinal) ? _answer : _page, _ending.Token);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The daemon left, or this server is replaced.
        }
    }

    private static byte[] Response(string type, string body) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
}
