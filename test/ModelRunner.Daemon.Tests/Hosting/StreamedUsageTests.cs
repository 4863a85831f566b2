using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Streams of servers that report their token counts only on request, through the real daemon.</summary>
public sealed class StreamedUsageTests
{
    private const string Chat = "v1/chat/completions";
    private const string Text = "v1/completions";
    private const string Model = "model=\"qwen3:8b\"";

    /// <summary>What is sent to the daemon, and what the server gets.</summary>
    private static readonly (string Path, string Sent, string Received)[] Requests =
    [
        (Chat, """{"model":"qwen3:8b","messages":[{"role":"user","content":"a b"}],"stream":true,"max_tokens":3}""",
            """{"model":"qwen3:8b","messages":[{"role":"user","content":"a b"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":3}"""),
        (Chat, """{"stream_options":{"include_usage":false},"model":"qwen3:8b","messages":[],"stream":true}""",
            """{"stream_options":{"include_usage":true},"model":"qwen3:8b","messages":[],"stream":true}"""),
        (Chat, """{"model":"qwen3:8b","messages":[],"stream":true,"stream_options":{"include_usage":true}}""",
            """{"model":"qwen3:8b","messages":[],"stream":true,"stream_options":{"include_usage":true}}"""),
        (Chat, """{"model":"qwen3:8b","messages":[],"stream":false}""", """{"model":"qwen3:8b","messages":[],"stream":false}"""),
        (Text, """{"model":"qwen3:8b","prompt":"a b c","stream":true,"stream_options":{}}""",
            """{"model":"qwen3:8b","prompt":"a b c","stream":true,"stream_options":{"include_usage":true}}"""),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clients_of_an_attached_server_get_its_bytes_and_its_counts_are_exact()
    {
        await using StubProcess stub = await StartStubAsync("usage_on_request");
        await using DaemonFixture daemon = await AttachAsync(stub);

        await CheckAsync(daemon, stub.Client);
    }

    [Fact]
    public async Task Clients_of_a_command_get_its_bytes_and_its_counts_are_exact()
    {
        await using DaemonFixture daemon = await StartCommandAsync();
        await LoadAsync(daemon);
        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());

        await CheckAsync(daemon, runner);
    }

    [Fact]
    public async Task A_server_that_must_not_be_asked_gets_the_clients_bytes()
    {
        await using StubProcess stub = await StartStubAsync("usage_on_request");
        await using DaemonFixture daemon = await AttachAsync(stub, """, "usage": "asReported" """);
        await using StubProcess llama = await StartStubAsync();
        await using DaemonFixture other = await AttachAsync(llama, backend: "llama.cpp");

        await SendAsync(daemon.Client, Chat, Requests[0].Sent);
        await SendAsync(other.Client, Chat, Requests[0].Sent);

        Assert.Equal([Requests[0].Sent], await ReceivedAsync(stub.Client));
        Assert.Equal([Requests[0].Sent], await ReceivedAsync(llama.Client));
        Assert.Equal(1, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Sources, Model, "source=\"events\""));
        Assert.Equal(1, (await AccountedPage.ReadAsync(other)).Sum(AccountedPage.Sources, Model, "source=\"timings\""));
    }

    [Fact]
    public async Task A_runner_of_llama_cpp_is_not_asked()
    {
        const string Body = """{"model":"tiny-chat:latest","messages":[],"stream":true}""";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        await SendAsync(daemon.Client, Chat, Body);

        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        Assert.Equal([Body], await ReceivedAsync(runner));
    }

    [Fact]
    public async Task A_stream_that_its_server_breaks_off_ends_with_the_error_event()
    {
        await using StubProcess stub = await StartStubAsync("usage_on_request");
        await using DaemonFixture daemon = await AttachAsync(stub);
        await stub.SetFaultsAsync("""{"break_stream_after": 2}""");

        string answer = await SendAsync(daemon.Client, Chat, Requests[0].Sent);

        Assert.Equal(2, answer.Split("\"content\"").Length - 1);
        Assert.Contains("\"code\":\"answer_cut\"", answer.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
        Assert.Equal(2, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Tokens, Model, "type=\"generated\""));
    }

    private static async Task CheckAsync(DaemonFixture daemon, HttpClient server)
    {
        foreach ((string path, string sent, _) in Requests)
            Assert.Equal(await SendAsync(server, path, sent), await SendAsync(daemon.Client, path, sent));
        IEnumerable<string> received = (await ReceivedAsync(server)).Where(static (_, index) => index % 2 == 1);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal(Requests.Select(static request => request.Received), received);
        Assert.Equal(Requests.Length, page.Sum(AccountedPage.Sources, Model, "source=\"usage\""));
        Assert.Equal(Requests.Length, page.Sum(AccountedPage.Requests, Model, "outcome=\"completed\""));
        Assert.Equal((5, 35), (page.Sum(AccountedPage.Tokens, Model, "type=\"prompt\""), page.Sum(AccountedPage.Tokens, Model, "type=\"generated\"")));
    }

    private static async Task LoadAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent("""{"model":"qwen3:8b"}"""), Headers = { { "X-Preload-Only", "true" } },
        };
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<string> SendAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static async Task<string[]> ReceivedAsync(HttpClient server)
    {
        using var requests = JsonDocument.Parse(await server.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation));
        return [.. requests.RootElement.GetProperty("requests").EnumerateArray()
            .Where(static request => request.GetProperty("method").GetString() == "POST")
            .Select(static request => request.GetProperty("body").GetString()!)];
    }

    private static Task<StubProcess> StartStubAsync(params string[] faults) =>
        StubProcess.StartAsync(faults.ToDictionary(static fault => fault, static _ => "1", StringComparer.Ordinal), "--alias", "qwen3:8b");

    private static Task<DaemonFixture> AttachAsync(StubProcess stub, string members = "", string backend = "vllm") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            {
              "metrics": { "minInterval": "0s" },
              "runners": [ { "backend": "{{backend}}", "model": "qwen3:8b", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" {{members}} } ]
            }
            """,
    });

    private static Task<DaemonFixture> StartCommandAsync() => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            {
              "metrics": { "minInterval": "0s" },
              "engines": { "vllm": { "command": ["{{StubProcess.ExecutablePath}}", "--host", "{socket}", "--alias", "{name}", "--model", "{path}"] } },
              "models": { "qwen3:8b": { "engine": "vllm", "mode": "completion", "path": "qwen3.gguf" } }
            }
            """,
        Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["qwen3"] = """{"usage_on_request": 1}""" },
    });
}
