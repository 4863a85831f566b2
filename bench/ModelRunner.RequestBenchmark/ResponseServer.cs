using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.RequestBenchmark;

/// <summary>
/// A runner with the least possible cost. It answers a chat request with 1 KB of JSON, or with a stream of events that hold the time at which
/// they were sent. It keeps connections open.
/// </summary>
internal sealed class ResponseServer : IDisposable
{
    /// <summary>The number of events of a stream.</summary>
    public const int Events = 50;

    private static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(20);
    private static readonly byte[] Json = Whole(Response());
    private static readonly byte[] Models = Whole("""{"object":"list","data":[{"id":"m","object":"model"}]}""");

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();

    public ResponseServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Dispose();
        _stopping.Dispose();
    }

    private static string Response() => $$$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{new string('a', 700)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":140,"total_tokens":152},"timings":{"cache_n":0,"prompt_n":12,"prompt_ms":1.5,"predicted_n":140,"predicted_ms":99.5}}
        """;

    private static byte[] Whole(string body) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_stopping.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The server was disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket owned = socket;
        socket.NoDelay = true;
        byte[] buffer = new byte[16 * 1024];
        int count = 0;
        try
        {
            while (true)
            {
                int length;
                while ((length = LengthOf(buffer.AsSpan(0, count))) == 0)
                {
                    int read = await socket.ReceiveAsync(buffer.AsMemory(count), _stopping.Token);
                    if (read == 0)
                        return;
                    count += read;
                }

                bool isStream = buffer.AsSpan(0, length).IndexOf("\"stream\":true"u8) >= 0;
                bool isPost = buffer[0] == 'P';
                buffer.AsSpan(length, count - length).CopyTo(buffer);
                count -= length;
                if (isStream)
                    await StreamAsync(socket);
                else
                    await socket.SendAsync(isPost ? Json : Models, _stopping.Token);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client or the server ended the connection.
        }
    }

    // The length of the first whole request; 0: it has not arrived yet.
    private static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        int head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return 0;
        string headers = Encoding.ASCII.GetString(bytes[..head]);
        int at = headers.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
        int body = at < 0 ? 0 : int.Parse(headers.AsSpan(at + 15).TrimStart().ToString().Split('\r')[0], CultureInfo.InvariantCulture);
        return bytes.Length >= head + 4 + body ? head + 4 + body : 0;
    }

    private async Task StreamAsync(Socket socket)
    {
        await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), _stopping.Token);
        for (int number = 0; number < Events; number++)
        {
            await Task.Delay(EventInterval, _stopping.Token);
            string data = string.Create(
                CultureInfo.InvariantCulture,
                $$$"""data: {"object":"chat.completion.chunk","model":"m","sent":{{{Stopwatch.GetTimestamp()}}},"choices":[{"index":0,"delta":{"content":"a"}}]}""");
            await SendChunkAsync(socket, data + "\n\n");
        }

        const string Last =
            """data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"timings":{"cache_n":0,"prompt_n":12,"predicted_n":50}}""";
        await SendChunkAsync(socket, Last + "\n\ndata: [DONE]\n\n");
        await socket.SendAsync("0\r\n\r\n"u8.ToArray(), _stopping.Token);
    }

    private async Task SendChunkAsync(Socket socket, string text) => await socket.SendAsync(
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{text.Length:x}\r\n{text}\r\n")), _stopping.Token);
}
