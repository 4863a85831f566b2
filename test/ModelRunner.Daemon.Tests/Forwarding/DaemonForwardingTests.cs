using System.Diagnostics;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Support;

namespace ModelRunner.Daemon.Tests.Forwarding;

public sealed class DaemonForwardingTests
{
    private const string Route = "v1/chat/completions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_arrive_one_by_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"token_delay_ms": 50}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(5));
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);

        int pieces = 0;
        var buffer = new byte[65536];
        while (await stream.ReadAsync(buffer, Cancellation) > 0)
            pieces++;

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.True(pieces >= 5, $"5 events came in {pieces} pieces");
    }

    [Fact]
    public async Task A_client_that_leaves_frees_the_runner_within_a_second()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"token_delay_ms": 20}"""));
        var late = new List<TimeSpan>();

        // A busy machine may be late by itself, though not every time. The answer alone would take longer than the patience.
        while (late.Count < 5 && await LeaveAsync(daemon) is { Ticks: > 0 } time)
            late.Add(time);

        Assert.True(late.Count < 5, string.Join(", ", late));
    }

    /// <summary>Leaves in the middle of a stream and returns by how much the runner went on for longer than a second.</summary>
    private static async Task<TimeSpan> LeaveAsync(DaemonFixture daemon)
    {
        HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(4000));
        using HttpClient runner = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());

        // What it costs to ask, ten times over, is no fault of the daemon.
        long asked = Stopwatch.GetTimestamp();
        int before = (await StateAsync(runner)).GetProperty("disconnects").GetInt32();
        await daemon.RunnersAsync();
        TimeSpan limit = TimeSpan.FromSeconds(1) + (10 * Stopwatch.GetElapsedTime(asked));

        long left = Stopwatch.GetTimestamp();
        response.Dispose();
        await DaemonFixture.WaitUntilAsync(async () => (await StateAsync(runner)).GetProperty("inFlight").GetInt32() == 0, DaemonFixture.Patience);
        await DaemonFixture.WaitUntilAsync(async () => !(await daemon.RunnersAsync())[0].GetProperty("in_use").GetBoolean(), DaemonFixture.Patience);
        TimeSpan took = Stopwatch.GetElapsedTime(left);

        Assert.True((await StateAsync(runner)).GetProperty("disconnects").GetInt32() > before, "The runner saw nobody leave.");
        return took - limit;
    }

    [Fact]
    public async Task A_runner_that_is_killed_in_the_middle_of_a_stream_cuts_it_and_the_next_request_starts_a_new_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"token_delay_ms": 20}"""));
        using HttpResponseMessage response = await daemon.StreamAsync(Route, Stream(4000));

        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "KILL");

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync(Cancellation));
        await WaitUntilNoneIsReadyAsync(daemon);
        Assert.Equal(200, (await daemon.PostAsync(Route, Plain)).Status);
    }

    [Fact]
    public async Task A_runner_that_is_killed_before_it_answers_is_an_error_with_its_cause()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"request_delay_ms": 60000}"""));
        Task<(int Status, JsonElement Body)> pending = daemon.PostAsync(Route, Plain);
        int process = await daemon.BusyRunnerProcessAsync();
        using HttpClient runner = DaemonFixture.RunnerClient(process);
        await DaemonFixture.WaitUntilAsync(
            async () => (await StateAsync(runner)).GetProperty("inFlight").GetInt32() == 1, DaemonFixture.Patience);

        await DaemonFixture.SignalAsync(process, "KILL");
        (int status, JsonElement body) = await pending;

        JsonElement error = body.GetProperty("error");
        Assert.Equal((502, "runner_failed"), (status, error.GetProperty("code").GetString()));
        Assert.Contains("SIGKILL", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_ends_a_runner_does_not_end_another_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"exit_at_request": 3}"""));

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
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With(
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
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"load_delay_ms": 300}"""));

        (int Status, JsonElement Body)[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => daemon.PostAsync(Route, Plain)));

        Assert.All(answers, static answer => Assert.Equal(200, answer.Status));
        Assert.Single(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    private static string Plain => """{"model":"tiny-chat","messages":[]}""";

    private static string Stream(int tokens) => $$"""{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":{{tokens}}}""";

    private static Task WaitUntilNoneIsReadyAsync(DaemonFixture daemon) => DaemonFixture.WaitUntilAsync(
        async () => (await daemon.RunnersAsync()).All(static runner => runner.GetProperty("state").GetString() != "ready"),
        TimeSpan.FromSeconds(1));

    private static DaemonSetup With(string faults) =>
        new() { Faults = new Dictionary<string, string>(StringComparer.Ordinal) { ["tiny-chat"] = faults } };

    private static async Task<JsonElement> StateAsync(HttpClient runner)
    {
        using var document = JsonDocument.Parse(await runner.GetStringAsync(new Uri("stub/state", UriKind.Relative), Cancellation));
        return document.RootElement.Clone();
    }
}
