using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Connections of clients: many, kept, half closed, HTTP/2.</summary>
public sealed class ConnectionTests
{
    private const string Health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string Question = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":5}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_connection_replaces_the_one_that_was_idle_longest(bool isTcp)
    {
        await using DaemonFixture daemon = await StartAsync(16);
        var kept = new List<Socket>();
        try
        {
            for (int i = 0; i < 60; i++)
            {
                kept.Add(await ConnectAsync(daemon, isTcp));
                Assert.StartsWith("HTTP/1.1 200 ", await FirstAnswerAsync(kept[^1], Health), StringComparison.Ordinal);
            }

            // The oldest ones were closed, and the newest one can still be used.
            Assert.Equal("", await RawHttp.ReadToEndAsync(kept[0]));
            Assert.StartsWith("HTTP/1.1 200 ", await FirstAnswerAsync(kept[^1], Health), StringComparison.Ordinal);
        }
        finally
        {
            kept.ForEach(static socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task If_no_connection_is_idle_only_health_and_metrics_are_served()
    {
        await using DaemonFixture daemon = await StartAsync(8, """{"hold_requests": true}""");
        var atWork = new List<Socket>();
        int? runner = null;
        try
        {
            // A connection without a request may be replaced, so each request must have arrived before the next connection.
            for (int i = 0; i < 8; i++)
            {
                atWork.Add(await RawHttp.ConnectAsync(daemon.SocketPath));
                await RawHttp.SendAllAsync(atWork[^1], Encoding.UTF8.GetBytes(Post(Question)));
                int process = runner ??= await daemon.BusyRunnerProcessAsync();
                await DaemonFixture.WaitUntilAsync(async () => await InFlightAsync(process) == atWork.Count, DaemonFixture.Patience);
            }

            await DaemonFixture.WaitUntilAsync(
                async () => (await OnceAsync(daemon, Close(Post("{}")))).StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal), DaemonFixture.Patience);
            string refused = await OnceAsync(daemon, Post(Question));

            Assert.Contains("too_many_connections", refused, StringComparison.Ordinal);
            Assert.Contains("Retry-After: 1\r\n", refused, StringComparison.Ordinal);
            Assert.Contains("Connection: close\r\n", refused, StringComparison.Ordinal);
            foreach (string path in (string[])["/health", "/metrics", "/version"])
            {
                Assert.StartsWith(
                    "HTTP/1.1 200 ", await OnceAsync(daemon, $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
                    StringComparison.Ordinal);
            }
        }
        finally
        {
            atWork.ForEach(static socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /hea")]
    public async Task A_connection_that_sent_no_request_is_replaced_first(string begun)
    {
        await using DaemonFixture daemon = await StartAsync(8);
        var silent = new List<Socket>();
        try
        {
            for (int i = 0; i < 8; i++)
            {
                silent.Add(await RawHttp.ConnectAsync(daemon.SocketPath));
                await RawHttp.SendAllAsync(silent[^1], Encoding.UTF8.GetBytes(begun));
            }

            // Until they count as idle, a new client is refused; monitoring is always served.
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    Assert.StartsWith("HTTP/1.1 200 ", await OnceAsync(daemon, Close(Health)), StringComparison.Ordinal);
                    return (await OnceAsync(daemon, Close(Post("{}")))).StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal);
                },
                DaemonFixture.Patience);
            for (int i = 0; i < 20; i++)
                Assert.StartsWith("HTTP/1.1 200 ", await OnceAsync(daemon, Close(Health)), StringComparison.Ordinal);
        }
        finally
        {
            silent.ForEach(static socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_closes_its_sending_direction_gets_its_response(bool isTcp)
    {
        await using DaemonFixture daemon = await StartAsync(1024, """{"token_delay_ms": 100}""");
        for (int i = 0; i < 3; i++)
        {
            foreach (string request in (string[])[Health, "GET /metrics HTTP/1.0\r\n\r\n", Post(Question)])
            {
                using Socket socket = await ConnectAsync(daemon, isTcp);
                string answer = await RawHttp.ExchangeAsync(socket, request, halfClose: true);

                Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task SRV_01_Generation_ends_within_a_second_after_the_client_left(bool isTcp, bool isStream)
    {
        // The runner's own tokens are the clock: one that gets too little of the machine makes fewer of them, too.
        const int TokensOfASecond = 20;
        await using DaemonFixture daemon = await StartAsync(1024, """{"token_delay_ms": 50}""");
        string question = $$"""{"model":"tiny-chat","messages":[],"max_tokens":4000,"stream":{{(isStream ? "true" : "false")}}}""";
        Socket socket = await ConnectAsync(daemon, isTcp);
        await RawHttp.SendAllAsync(socket, Encoding.UTF8.GetBytes(Post(question)));
        if (isStream)
            await socket.ReceiveAsync(new byte[16], Cancellation);
        int process = await daemon.BusyRunnerProcessAsync();
        await DaemonFixture.WaitUntilAsync(async () => await InFlightAsync(process) == 1, DaemonFixture.Patience);

        int before = StubProcess.GeneratedTokensOf(process);
        socket.Dispose();
        await DaemonFixture.WaitUntilAsync(async () => await InFlightAsync(process) == 0, DaemonFixture.Patience);

        Assert.InRange(StubProcess.GeneratedTokensOf(process) - before, 0, TokensOfASecond);
        await daemon.WaitUntilIdleAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HTTP_2_without_TLS_is_served_on_the_same_port(bool isTcp)
    {
        await using DaemonFixture daemon = await StartAsync(1024);
        using HttpClient client = isTcp ? new HttpClient { BaseAddress = daemon.TcpAddress } : DaemonFixture.UnixClient(daemon.SocketPath);
        client.DefaultRequestVersion = HttpVersion.Version20;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        using HttpResponseMessage health = await client.GetAsync(new Uri("health", UriKind.Relative), Cancellation);
        using var content = new StringContent(Question, Encoding.UTF8, "application/json");
        using HttpResponseMessage chat = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);
        HttpResponseMessage[] many = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation)));

        Assert.Equal((HttpVersion.Version20, HttpStatusCode.OK), (health.Version, health.StatusCode));
        Assert.Equal((HttpVersion.Version20, HttpStatusCode.OK), (chat.Version, chat.StatusCode));
        Assert.NotEmpty(chat.Headers.GetValues("x-request-id"));
        Assert.All(many, static page => Assert.Equal(HttpStatusCode.OK, page.StatusCode));
        Assert.DoesNotContain("warn", daemon.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_preface_that_arrives_byte_by_byte_is_recognised()
    {
        await using DaemonFixture daemon = await StartAsync(1024);
        using Socket socket = await RawHttp.ConnectAsync(daemon.SocketPath);
        foreach (byte one in Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
            await RawHttp.SendAllAsync(socket, new[] { one });

        // The server's first frame is SETTINGS: three bytes of length, then the type 4.
        byte[] frame = new byte[9];
        await using var stream = new NetworkStream(socket);
        await stream.ReadExactlyAsync(frame, Cancellation);

        Assert.Equal(4, frame[3]);
    }

    [Fact]
    public async Task A_request_that_begins_like_the_preface_is_HTTP_1()
    {
        await using DaemonFixture daemon = await StartAsync(1024);

        Assert.StartsWith(
            "HTTP/1.1 404 ", await OnceAsync(daemon, "PRI /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_floods_the_daemon_with_reset_streams_does_not_fill_the_log()
    {
        await using DaemonFixture daemon = await StartAsync(1024);
        for (int i = 0; i < 4; i++)
        {
            using Socket socket = await RawHttp.ConnectAsync(daemon.SocketPath);
            try
            {
                await RawHttp.SendAllAsync(socket, FloodOfResets(streams: 2000));
                socket.Shutdown(SocketShutdown.Send);
                await RawHttp.ReadToEndAsync(socket);
            }
            catch (SocketException)
            {
                // The daemon closes the connection before it has read everything.
            }
        }

        Assert.StartsWith("HTTP/1.1 200 ", await OnceAsync(daemon, Close(Health)), StringComparison.Ordinal);
        Assert.DoesNotContain("Kestrel", daemon.Log, StringComparison.Ordinal);
    }

    // The preface, SETTINGS, and for each stream HEADERS (GET /metrics, http, localhost) and RST_STREAM.
    private static byte[] FloodOfResets(int streams)
    {
        var flood = new MemoryStream();
        flood.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        WriteFrame(flood, type: 4, flags: 0, stream: 0, []);
        for (int stream = 1; stream < 2 * streams; stream += 2)
        {
            WriteFrame(flood, type: 1, flags: 5, stream, [0x82, 0x86, 0x04, 8, .. "/metrics"u8, 0x01, 9, .. "localhost"u8]);
            WriteFrame(flood, type: 3, flags: 0, stream, [0, 0, 0, 8]);
        }

        return flood.ToArray();
    }

    private static void WriteFrame(Stream frames, byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[9];
        BinaryPrimitives.WriteInt32BigEndian(head, payload.Length << 8);
        (head[3], head[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        frames.Write(head);
        frames.Write(payload);
    }

    private static async Task<int> InFlightAsync(int process) => (await DaemonFixture.StubStateAsync(process)).GetProperty("inFlight").GetInt32();

    private static Task<DaemonFixture> StartAsync(int connections, string faults = "{}") => DaemonFixture.StartAsync(new DaemonSetup
    {
        HasTcp = true,
        Configuration = $$"""{ "limits": { "maxConnections": {{connections}} } }""",
    }.WithFaults(faults));

    private static Task<Socket> ConnectAsync(DaemonFixture daemon, bool isTcp) =>
        isTcp ? RawHttp.ConnectAsync(daemon.TcpAddress.Port) : RawHttp.ConnectAsync(daemon.SocketPath);

    private static async Task<string> OnceAsync(DaemonFixture daemon, string request)
    {
        using Socket socket = await RawHttp.ConnectAsync(daemon.SocketPath);
        return await RawHttp.ExchangeAsync(socket, request);
    }

    private static async Task<string> FirstAnswerAsync(Socket socket, string request)
    {
        await RawHttp.SendAllAsync(socket, Encoding.UTF8.GetBytes(request));
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Cancellation));
    }

    private static string Close(string request) => request.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal);

    private static string Post(string body) =>
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
}
