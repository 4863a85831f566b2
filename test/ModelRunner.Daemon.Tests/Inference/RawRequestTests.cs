using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference;

/// <summary>What no HTTP client would send. At most one clean request may come of it, at the daemon and at the runner.</summary>
public sealed class RawRequestTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    private const string Body = """{"model":"tiny-chat","messages":[]}""";
    private const string Chunks = "23\r\n" + Body + "\r\n0\r\n\r\n";
    private const string Smuggled = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";

    // The daemon itself closes a connection that is silent for 10 s.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, int> Vectors => new()
    {
        { "two lengths", Post("Content-Length: 5\r\nContent-Length: 35", Body), 400 },
        { "two lengths in one", Post("Content-Length: 35, 5", Body), 400 },
        { "a negative length", Post("Content-Length: -1", Body), 400 },
        { "a length in hexadecimal", Post("Content-Length: 0x23", Body), 400 },
        { "a length beyond 64 bits", Post("Content-Length: 99999999999999999999", Body), 400 },
        { "an unknown transfer coding", Post("Transfer-Encoding: xchunked", Body), 400 },
        { "chunked not at the end", Post("Transfer-Encoding: chunked, identity", Body), 400 },
        { "chunked twice", Post("Transfer-Encoding: chunked, chunked", Chunks), 400 },
        { "chunked in two headers", Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Chunks), 400 },
        { "another coding before chunked", Post("Transfer-Encoding: gzip, chunked", Chunks), 400 },
        { "an empty coding before chunked", Post("Transfer-Encoding: , chunked", Chunks), 400 },
        { "a transfer coding without a body", "GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
        { "a bare line feed in a chunk extension", Post("Transfer-Encoding: chunked", "2;a\nxx\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a chunk size that fits no integer", Post("Transfer-Encoding: chunked", "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a chunk size above 2 GiB", Post("Transfer-Encoding: chunked", "FFFFFFFF\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a chunk size that is none", Post("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a chunk longer than it says", Post("Transfer-Encoding: chunked", "1\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a folded header", Post("X-Folded: a\r\n b: c\r\nContent-Length: 35", Body), 400 },
        { "a space before the colon", Post("Content-Length : 35", Body), 400 },
        { "a zero in a header", Post("X-Zero: a\0b\r\nContent-Length: 35", Body), 400 },
        { "no host", "GET /health HTTP/1.1\r\n\r\n", 400 },
        { "two hosts", "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "an unknown version", "GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n", 505 },
        { "a header of 1 MiB", Post("X-Long: " + new string('a', 1 << 20), Body), 431 },
        { "ten thousand headers", Post(string.Concat(Enumerable.Repeat("X-Many: 1\r\n", 10_000)) + "X-Last: 1", Body), 431 },
        { "a length with a comma", Post("Content-Length: 35,", Body), 400 },
        { "a length with a space in it", Post("Content-Length: 3 5", Body), 400 },
        { "a chunk size with a sign", Post("Transfer-Encoding: chunked", "+2\r\n{}\r\n0\r\n\r\n"), 400 },
        { "a line feed instead of the end of a chunk", Post("Transfer-Encoding: chunked", "2\n{}\n0\n\n"), 400 },
        { "a carriage return in a header", Post("X-Return: a\rb\r\nContent-Length: 35", Body), 400 },
        { "a line of 100 KiB", $"GET /{new string('a', 100 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414 },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task Check_41_A_malformed_request_is_refused_with_all_that_hides_behind_it(string what, string request, int status)
    {
        string answer = await SendAsync(request + Smuggled);

        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer}");
        Assert.DoesNotContain("still open", answer, StringComparison.Ordinal);
        Assert.Single(answer.Split("HTTP/1.1 "), static part => part.Length > 0);
        Figures.Print($"{what}: {status}, one response");
    }

    /// <summary>The daemon sends each body with a length of its own, so whatever a client wrote, the runner sees one request.</summary>
    [Theory]
    [InlineData("Content-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close", Chunks)]
    [InlineData("Content-Length: +35\r\nConnection: close", Body)]
    [InlineData("Transfer-Encoding: CHUNKED\r\nConnection: close", Chunks)]
    public async Task A_runner_gets_the_framing_of_the_daemon(string framing, string body)
    {
        string answer = await SendAsync(Post(framing, body));

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        using HttpClient runner = DaemonFixture.RunnerClient(await shared.Daemon.RunnerProcessAsync());
        using var recorded = JsonDocument.Parse(await runner.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation));
        JsonElement request = recorded.RootElement.GetProperty("requests").EnumerateArray()
            .Last(static item => item.GetProperty("method").GetString() == "POST");
        string[] headers = [.. request.GetProperty("headers").EnumerateArray().Select(static header => header.GetString()!)];
        string sent = Body.Replace("\"tiny-chat\"", "\"tiny-chat:latest\"", StringComparison.Ordinal);
        Assert.Equal(sent, request.GetProperty("body").GetString());
        Assert.Contains($"Content-Length: {Encoding.UTF8.GetByteCount(sent)}", headers);
        Assert.DoesNotContain(headers, static header => header.StartsWith("Transfer-Encoding", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Check_41_A_hundred_thousand_bytes_of_chunk_extensions_cost_no_memory()
    {
        string before = await File.ReadAllTextAsync($"/proc/{shared.Daemon.ProcessId}/statm", Cancellation);
        string chunks = string.Concat(Body.Select(static letter => $"1;{new string('x', 3000)}\r\n{letter}\r\n"));
        Assert.True(chunks.Length > 100_000);

        string answer = await SendAsync(Post("Transfer-Encoding: chunked\r\nConnection: close", chunks + "0\r\n\r\n"));

        string after = await File.ReadAllTextAsync($"/proc/{shared.Daemon.ProcessId}/statm", Cancellation);
        Assert.True(answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), answer);
        Figures.Print($"{chunks.Length} bytes of chunks: {(PagesOf(after) - PagesOf(before)) * Environment.SystemPageSize / 1048576.0:0.0} MiB more memory");
        Assert.InRange(PagesOf(after) - PagesOf(before), long.MinValue, 64 * 1024 * 1024 / Environment.SystemPageSize);
    }

    private static long PagesOf(string statm) => long.Parse(statm.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    private static string Post(string headers, string body) =>
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n{body}";

    private async Task<string> SendAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(shared.Daemon.SocketPath), Cancellation);
        await using var stream = new NetworkStream(socket);
        var answer = new MemoryStream();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request), Cancellation);
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (OperationCanceledException)
        {
            answer.Write(" still open"u8);
        }
        catch (IOException)
        {
            // The daemon may stop reading, and what it answered is there all the same.
            await stream.CopyToAsync(answer, Cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
