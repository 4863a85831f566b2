using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.Testing.Registries;

/// <summary>
/// A proxy that opens tunnels (<c>CONNECT</c>), and leads each host to a server of the test. So a test can ask for hosts that are not this
/// machine.
/// </summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private const int MaxHead = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _tunnels = [];
    private readonly ConcurrentQueue<(string Target, string Head)> _requests = new();
    private readonly Task _accepting;

    public ConnectProxy()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public Uri Address => new($"http://{_listener.LocalEndpoint}/");

    /// <summary>Where each host and port leads. Others are refused.</summary>
    public ConcurrentDictionary<string, Uri> Servers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of <c>Proxy-Authorization</c> that it wants; null: it wants none.</summary>
    public string? Wants { get; set; }

    /// <summary>The hosts and ports that were asked for, with the whole head of the request.</summary>
    public IReadOnlyList<(string Target, string Head)> Requests => [.. _requests];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_tunnels);
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_end.Token);
                _tunnels.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await using var near = new NetworkStream(client, ownsSocket: true);
            while (await ReadHeadAsync(near) is { Length: > 0 } head)
            {
                string target = head.Split(' ')[1];
                _requests.Enqueue((target, head));
                if (Wants is { } wanted && !head.Contains($"\r\nProxy-Authorization: {wanted}\r\n", StringComparison.OrdinalIgnoreCase))
                {
                    await near.WriteAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _end.Token);
                    continue;
                }

                if (!Servers.TryGetValue(target, out Uri? server))
                {
                    await near.WriteAsync("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _end.Token);
                    return;
                }

                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(server.Host, server.Port, _end.Token);
                await using var far = new NetworkStream(socket);
                await near.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), _end.Token);
                await Task.WhenAny(near.CopyToAsync(far, _end.Token), far.CopyToAsync(near, _end.Token));
                return;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException)
        {
            // One of the two has gone.
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (head.Length < MaxHead && await stream.ReadAsync(one, _end.Token) > 0)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n")
                break;
        }

        return head.ToString();
    }
}
