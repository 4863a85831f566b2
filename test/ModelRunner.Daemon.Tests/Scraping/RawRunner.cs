using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>
/// A server on a Unix socket that returns the bytes of a test for each request, and records the requests. Each connection is
/// served by <see cref="Answer"/> until that closes it. Health checks of the daemon get status 200.
/// </summary>
internal sealed class RawRunner : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<string> _requests = [];
    private readonly Task _accepting;

    public RawRunner(long id, Func<Stream, CancellationToken, Task<bool>> answer)
    {
        Answer = answer;
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen();
        _accepting = AcceptAsync();
        Snapshot = new RunnerSnapshot
        {
            Id = new RunnerId(id),
            Key = new RunnerKey("llama.cpp", $"m{id}:latest", RunnerMode.Completion),
            State = RunnerState.Ready,
            IsAttached = true,
            Engine = "attached",
            Endpoint = RunnerEndpointFactory.ForSocket(new RunnerId(id), SocketPath),
        };
    }

    /// <summary>Writes a response; true: the connection stays open for the next request.</summary>
    public Func<Stream, CancellationToken, Task<bool>> Answer { get; set; }

    /// <summary>Closes the connection of the next request without reading it.</summary>
    public bool ClosesNextUnread { get; set; }

    /// <summary>The number of connections that it closed so.</summary>
    public int ClosedUnread { get; private set; }

    public RunnerSnapshot Snapshot { get; }

    public string SocketPath => Path.Join(_folder.Path, "r.sock");

    /// <summary>The headers of all requests so far.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
                return [.. _requests];
        }
    }

    /// <summary>A runner with a page.</summary>
    public static RawRunner WithPage(long id, string page) => new(id, (stream, _) => WriteAsync(stream, Page(page)));

    /// <summary>A runner that sends these bytes and closes.</summary>
    public static RawRunner WithBytes(long id, byte[] bytes) => new(id, async (stream, _) =>
    {
        await WriteAsync(stream, bytes);
        return false;
    });

    public static byte[] Page(string body, string headers = "Content-Type: text/plain; version=0.0.4\r\n", string status = "200 OK") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public static async Task<bool> WriteAsync(Stream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _ending.Dispose();
        _folder.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(ServeAsync(await _listener.AcceptAsync(_ending.Token)));
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await IsNextReadAsync(socket) && await ReadHeadAsync(stream) is { } head)
            {
                if (head.StartsWith("GET /health ", StringComparison.Ordinal))
                {
                    await WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
                    continue;
                }

                // A server that closes a connection with unread bytes resets it, and its response may get lost.
                await stream.ReadExactlyAsync(new byte[LengthOfBody(head)], _ending.Token);
                lock (_requests)
                    _requests.Add(head);
                if (!await Answer(stream, _ending.Token))
                    return;
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException)
        {
            // The reader disconnected, or the test has ended.
        }
    }

    private async Task<bool> IsNextReadAsync(Socket socket)
    {
        // Peeks at the first byte.
        await socket.ReceiveAsync(new byte[1], SocketFlags.Peek, _ending.Token);
        if (!ClosesNextUnread)
            return true;
        ClosesNextUnread = false;
        ClosedUnread++;
        return false;
    }

    private static int LengthOfBody(string head)
    {
        const string Name = "Content-Length: ";
        string? line = head.Split("\r\n").FirstOrDefault(static line => line.StartsWith(Name, StringComparison.OrdinalIgnoreCase));
        return line is null ? 0 : int.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, _ending.Token) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n")
                return head.ToString();
        }

        return null;
    }
}
