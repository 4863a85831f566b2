using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary><c>GET /engines/requests</c> of a real daemon with stub runners.</summary>
public sealed class RecordedRequestsTests
{
    private const string Route = "engines/requests";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}],"max_tokens":2}""";
    private const string On = """{"requests":{"record":true}}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_recorded_unless_it_is_switched_on_and_a_reload_forgets_it()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        using HttpResponseMessage off = await daemon.Client.GetAsync(new Uri(Route, UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, off.StatusCode);
        Assert.Contains("requests_not_recorded", await off.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        await ReloadAsync(daemon, On, "changed: requests.record.");
        await daemon.WaitForLogAsync("requests.record is on: clients with the scope admin can read the last prompts");
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
        await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Single(await RecordsAsync(daemon));

        await ReloadAsync(daemon, "{}", "changed: requests.record.");
        await ReloadAsync(daemon, On, "changed: requests.record.");
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Fact]
    public async Task A_record_has_the_shape_of_docker_model_runner_and_no_secret()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = On });
        await daemon.SendAsync("engines/_configure", """{"model":"tiny-chat","keep_alive":"9m"}""", HttpCompletionOption.ResponseContentRead, Cancellation);
        string body = Chat.Replace("one two", $"data:image/png;base64,{new string('Q', 3000)}", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions?api-key=geheim") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (string name in (string[])["Authorization", "x-api-key", "api-key", "Cookie"])
            request.Headers.TryAddWithoutValidation(name, "geheim");
        request.Headers.TryAddWithoutValidation("User-Agent", "me/1");
        using HttpResponseMessage sent = await daemon.Client.SendAsync(request, Cancellation);
        string response = await sent.Content.ReadAsStringAsync(Cancellation);

        JsonElement all = await daemon.GetAsync($"{Route}?model=Tiny-Chat");

        Assert.DoesNotContain("geheim", all.GetRawText(), StringComparison.Ordinal);
        JsonElement model = Assert.Single(all.EnumerateArray());
        Assert.Equal(("tiny-chat:latest", 1, """{"keep_alive":"9m"}"""), (
            Text(model, "model"), model.GetProperty("count").GetInt32(), model.GetProperty("config").GetRawText()));
        JsonElement record = Assert.Single(model.GetProperty("records").EnumerateArray());
        Assert.Equal(("POST", "/v1/chat/completions", "me/1", 200), (
            Text(record, "method"), Text(record, "url"), Text(record, "user_agent"), record.GetProperty("status_code").GetInt32()));
        Assert.Equal(response, Text(record, "response"));
        Assert.Equal(body.Replace(new string('Q', 3000), new string('Q', 100) + "...[truncated 2900 chars]", StringComparison.Ordinal), Text(record, "request"));
        Assert.Equal(sent.Headers.GetValues("x-request-id").Single(), Text(record, "id"));
        Assert.InRange(record.GetProperty("timestamp").GetInt64(), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.False(record.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task Streams_errors_and_requests_that_are_left_are_recorded_as_they_ended()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = On }.WithFaults("""{"token_delay_ms": 50}"""));
        using (HttpResponseMessage stream = await daemon.StreamAsync("v1/chat/completions", Chat.Replace("\"max_tokens\":2", "\"max_tokens\":2,\"stream\":true", StringComparison.Ordinal)))
            await stream.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal(400, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-chat","input":"a"}""")).Status);
        await daemon.SendAsync("v1/chat/completions", """{"model":"ghost"}""", HttpCompletionOption.ResponseContentRead, Cancellation);
        using (HttpResponseMessage left = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}"""))
            await daemon.BusyRunnerProcessAsync();
        await DaemonFixture.WaitUntilAsync(async () => (await RecordsAsync(daemon)).Count == 3, DaemonFixture.Patience);

        IReadOnlyList<JsonElement> records = await RecordsAsync(daemon);

        Assert.Equal([200, 400, 499], records.Select(static record => record.GetProperty("status_code").GetInt32()));
        using var joined = JsonDocument.Parse(Text(records[0], "response"));
        Assert.Equal("chat.completion", Text(joined.RootElement, "object"));
        Assert.Contains("cannot be run in mode embedding", Text(records[1], "error"), StringComparison.Ordinal);
        Assert.False(records[1].TryGetProperty("response", out _));
    }

    [Fact]
    public async Task A_follower_gets_each_request_and_one_that_does_not_read_delays_nobody()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = On });
        await daemon.PostAsync("v1/chat/completions", Chat);
        using HttpResponseMessage deaf = await FollowAsync(daemon, "");
        using HttpResponseMessage events = await FollowAsync(daemon, "?include_existing=true&model=tiny-chat");
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal(["event: existing_request", "data: [", "", "event: connected", """data: {"status":"connected"}""", ""], await LinesAsync(reader, 6));

        string large = Chat + new string(' ', 300_000);
        for (int i = 0; i < 30; i++)
        {
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", large)).Status);
            Assert.Equal(["event: new_request", "data: [", ""], await LinesAsync(reader, 3));
        }

        // It was told how many requests it missed.
        using var late = new StreamReader(await deaf.Content.ReadAsStreamAsync(Cancellation));
        string text = "";
        while (!text.Contains("requests were left out, because this client reads too slowly", StringComparison.Ordinal))
            text = await late.ReadLineAsync(Cancellation).AsTask().WaitAsync(DaemonFixture.Patience, Cancellation) ?? "";
    }

    [Fact]
    public async Task The_route_needs_the_scope_admin_and_names_the_keys()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = On[..^1] + "," + KeyedDaemon.Configuration(KeyedDaemon.Key("ada"), KeyedDaemon.Key("root", """, "scopes": ["admin"]"""))[1..],
        });
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body)).Status);

        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, Route, "key-of-ada")).Status);
        KeyedResponse response = await KeyedDaemon.SendAsync(daemon, Route, "key-of-root");

        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.Contains("\"key\":\"ada\"", response.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("key-of-ada", response.Text, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<JsonElement>> RecordsAsync(DaemonFixture daemon) =>
        [.. (await daemon.GetAsync(Route)).EnumerateArray().SelectMany(static model => model.GetProperty("records").EnumerateArray())];

    private static async Task<HttpResponseMessage> FollowAsync(DaemonFixture daemon, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Route + query);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        return await daemon.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    // The data of an event is long, so only its beginning is compared.
    private static async Task<string[]> LinesAsync(StreamReader reader, int count)
    {
        string[] lines = new string[count];
        for (int i = 0; i < count; i++)
        {
            string line = await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(DaemonFixture.Patience, Cancellation) ?? "the end";
            lines[i] = line.StartsWith("data: [", StringComparison.Ordinal) ? "data: [" : line;
        }

        return lines;
    }

    private static async Task ReloadAsync(DaemonFixture daemon, string configuration, string expected)
    {
        int before = daemon.Log.Length;
        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), configuration, Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(daemon.Log[before..].Contains(expected, StringComparison.Ordinal)), DaemonFixture.Patience);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
