using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class DaemonForwardingTests
{
    private const string Route = "v1/chat/completions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SRV_01_a_client_that_leaves_frees_the_runner_within_a_second()
    {
        // The runner's own tokens are the clock: one that has too little of the machine makes fewer of them, too.
        const int TokensOfASecond = 50;
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"token_delay_ms": 20}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(4000));
        int process = await daemon.RunnerProcessAsync();
        using HttpClient runner = DaemonFixture.RunnerClient(process);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        int received = 0;
        while (received < 5)
            received += (await events.ReadLineAsync(Cancellation))!.StartsWith("data: ", StringComparison.Ordinal) ? 1 : 0;

        // Connections of the readiness check count too.
        int before = (await DaemonFixture.StubStateAsync(process)).GetProperty("disconnects").GetInt32();
        int generated = StubProcess.GeneratedTokensOf(process);
        response.Dispose();
        await DaemonFixture.WaitUntilAsync(async () => (await DaemonFixture.StubStateAsync(process)).GetProperty("inFlight").GetInt32() == 0, DaemonFixture.Patience);

        JsonElement state = await DaemonFixture.StubStateAsync(process);
        Assert.Equal(before + 1, state.GetProperty("disconnects").GetInt32());
        Assert.InRange(state.GetProperty("generatedTokens").GetInt32(), generated, generated + TokensOfASecond);
        await daemon.WaitUntilIdleAsync();
    }

    [Fact]
    public async Task A_stream_whose_runner_is_killed_ends_with_an_error_event_and_the_next_request_starts_a_new_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"token_delay_ms": 20}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(4000));

        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");

        await CheckLastEventAsync(response);
        await WaitUntilNoneIsReadyAsync(daemon);
        Assert.Equal(200, (await daemon.PostAsync(Route, Plain)).Status);
    }

    [Fact]
    public async Task A_stream_that_outlasts_the_end_of_the_daemon_ends_with_an_error_event()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup().WithFaults("""{"token_delay_ms": 20}""") with { Configuration = """{ "limits": { "drainTimeout": "300ms", "stopGrace": "1s" } }""" });
        using HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(4000));

        Task<int> ending = daemon.EndAsync();

        await CheckLastEventAsync(response);
        Assert.Equal(0, await ending);
    }

    [Fact]
    public async Task A_body_that_is_no_stream_is_cut_when_its_runner_is_killed()
    {
        await using var runner = new RawRunner(1, async (stream, cancellation) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"u8.ToArray(), cancellation);
            return false;
        });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Attach("raw", runner.SocketPath));

        // The connection is reset, which may also take back headers that were sent but not read.
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => daemon.PostAsync(Route, """{"model":"raw"}"""));
    }

    [Fact]
    public async Task A_request_just_after_an_idle_runner_died_is_served_by_a_new_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        var statuses = new List<int>();
        for (int i = 0; i < 10; i++)
        {
            await daemon.PostAsync(Route, Plain);
            int idle = await daemon.RunnerProcessAsync();

            // The signal and the request go out together, so that they meet at every moment.
            Task killing = DaemonFixture.SignalAsync(idle, "KILL");
            if (i % 2 == 0)
                await killing;
            statuses.Add((await daemon.PostAsync(Route, Plain)).Status);
            await killing;
            await DaemonFixture.WaitUntilAsync(
                async () => (await daemon.RunnersAsync()).All(runner => !runner.TryGetProperty("pid", out JsonElement pid) || pid.GetInt32() != idle),
                DaemonFixture.Patience);
            await daemon.PostAsync("engines/unload", """{"all":true}""");
        }

        // One that had read a request before it died may have worked on it. That is not sent twice, and is told.
        Assert.All(statuses.Where(static (_, i) => i % 2 == 0), static status => Assert.Equal(200, status));
        Assert.All(statuses, static status => Assert.Contains(status, (int[])[200, 502]));
    }

    [Fact]
    public async Task Of_two_replicas_the_one_that_is_down_costs_no_request()
    {
        await using StubProcess alive = await StubProcess.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["request_delay_ms"] = "20" });
        using var folder = new TemporaryFolder();
        string runner(string replica, string socket) => $$"""
            { "backend": "x", "model": "Two", "mode": "completion", "endpoint": "unix:{{socket}}", "replica": "{{replica}}" }
            """;
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""{ "runners": [ {{runner("dead", Path.Join(folder.Path, "dead.sock"))}}, {{runner("alive", alive.SocketPath)}} ] }""",
        });

        (int Status, JsonElement Body)[] answers = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(_ => daemon.PostAsync(Route, """{"model":"two","messages":[]}""")));

        Assert.All(answers, static answer => Assert.Equal(200, answer.Status));
        Assert.All(answers, static answer => Assert.Equal("two:latest", answer.Body.GetProperty("model").GetString()));
        string[] bodies = [.. (await alive.RequestsAsync()).Where(IsInference).Select(static request => request.GetProperty("body").GetString()!)];
        Assert.Equal(Enumerable.Repeat("""{"model":"Two","messages":[]}""", 40), bodies);
    }

    [Fact]
    public async Task Where_all_replicas_are_down_the_answer_says_so()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Attach("gone", Path.Join(folder.Path, "dead.sock")));

        (int status, JsonElement body) = await daemon.PostAsync(Route, """{"model":"gone","messages":[]}""");

        JsonElement error = body.GetProperty("error");
        Assert.Equal((502, "runner_failed"), (status, error.GetProperty("code").GetString()));
        Assert.Equal(
            "the runner of \"gone:latest\" in mode completion gave no response: no connection to unix:dead.sock was made: there is no such socket or "
            + "address; start that server, or correct its endpoint in the configuration", error.GetProperty("message").GetString());
        Assert.DoesNotContain("Yarp", daemon.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BOO\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}  ")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-Filler: ", 70_000)]
    public async Task Invalid_HTTP_of_an_attached_server_is_named(string answer, int filler = 0)
    {
        await using RawRunner runner = RawRunner.WithBytes(1, Encoding.ASCII.GetBytes(answer + new string('x', filler) + (filler > 0 ? "\r\n\r\n" : "")));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Attach("raw", runner.SocketPath));

        (int status, JsonElement body) = await daemon.PostAsync(Route, """{"model":"raw","messages":[]}""");

        Assert.Equal(502, status);
        string message = body.GetProperty("error").GetProperty("message").GetString()!;
        Assert.EndsWith("was invalid HTTP; see the log of that server", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_its_last_event_is_logged_with_its_cause()
    {
        await using RawRunner runner = RawRunner.WithBytes(1, RawRunner.Page("data: {\"choices\":[]}\n\n", "Content-Type: text/event-stream\r\n"));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(Attach("raw", runner.SocketPath));

        using (HttpResponseMessage response = await daemon.StreamAsync(Route, """{"model":"raw","stream":true}"""))
            await CheckLastEventAsync(response);

        await daemon.WaitForLogAsync("sent no complete response: its stream of events ended without its last event");
        Assert.Equal(1, (await AccountedPage.ReadAsync(daemon)).Sum(AccountedPage.Requests, "outcome=\"runner_failed\""));
    }

    [Fact]
    public async Task A_runner_that_is_killed_before_it_answers_is_an_error_with_its_cause()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"request_delay_ms": 60000}"""));
        Task<(int Status, JsonElement Body)> pending = daemon.PostAsync(Route, Plain);
        int process = await daemon.BusyRunnerProcessAsync();
        using HttpClient runner = DaemonFixture.RunnerClient(process);
        await DaemonFixture.WaitUntilAsync(
            async () => (await DaemonFixture.StubStateAsync(process)).GetProperty("inFlight").GetInt32() == 1, DaemonFixture.Patience);

        await DaemonFixture.SignalAsync(process, "KILL");
        (int status, JsonElement body) = await pending;

        JsonElement error = body.GetProperty("error");
        Assert.Equal((502, "runner_failed"), (status, error.GetProperty("code").GetString()));
        Assert.Contains("SIGKILL", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_ends_a_runner_does_not_end_another_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"exit_at_request": 3}"""));

        (int status, JsonElement body) = await daemon.PostAsync(Route, Plain);

        Assert.Equal((502, "runner_failed"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("3", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Fact]
    public async Task A_runner_that_is_killed_while_idle_is_missed_by_nobody()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync(Route, Plain);
        int killed = await daemon.RunnerProcessAsync();

        await DaemonFixture.SignalAsync(killed, "KILL");
        await WaitUntilNoneIsReadyAsync(daemon);
        Assert.Equal(200, (await daemon.PostAsync(Route, Plain)).Status);
        Assert.NotEqual(killed, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task A_runner_that_cannot_start_is_an_error_with_its_cause()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults(
            """{"exit_before_ready": 1, "stderr_text": "0.00 E gguf_init_from_file: unknown model architecture: 'zebra'\n"}"""));

        (int status, JsonElement body) = await daemon.PostAsync(Route, Plain);

        JsonElement error = body.GetProperty("error");
        Assert.Equal((502, "runner_start_failed"), (status, error.GetProperty("code").GetString()));
        Assert.Contains("zebra", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task Fifty_first_requests_start_one_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"load_delay_ms": 300}"""));

        (int Status, JsonElement Body)[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => daemon.PostAsync(Route, Plain)));

        Assert.All(answers, static answer => Assert.Equal(200, answer.Status));
        Assert.Single(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    private static string Plain => """{"model":"tiny-chat","messages":[]}""";

    private static string Stream(int tokens) => $$"""{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":{{tokens}}}""";

    private static DaemonSetup Attach(string model, string socket) => new()
    {
        Configuration = $$"""{ "runners": [ { "backend": "x", "model": "{{model}}", "mode": "completion", "endpoint": "unix:{{socket}}" } ] }""",
    };

    private static bool IsInference(JsonElement request) => request.GetProperty("method").GetString() == "POST";

    private static async Task CheckLastEventAsync(HttpResponseMessage response)
    {
        string[] events = (await response.Content.ReadAsStringAsync(Cancellation)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        using var last = JsonDocument.Parse(events[^1]["data: ".Length..]);
        Assert.Equal("answer_cut", last.RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.All(events, static text => Assert.StartsWith("data: {", text, StringComparison.Ordinal));
    }

    private static Task WaitUntilNoneIsReadyAsync(DaemonFixture daemon) => DaemonFixture.WaitUntilAsync(
        async () => (await daemon.RunnersAsync()).All(static runner => runner.GetProperty("state").GetString() != "ready"),
        DaemonFixture.Patience);
}
