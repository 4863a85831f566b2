using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Runners that hang during a response: a signal suspends them here.</summary>
public sealed class StuckRunnerTests
{
    private const string Route = "v1/chat/completions";

    [Fact]
    public async Task A_hung_runner_is_stopped_for_another_model_although_its_request_never_ends()
    {
        // Waiting requests wait longer than the requests of this test.
        await using DaemonFixture daemon = await StartAsync(
            """{ "limits": { "maxRunners": 1, "stopGrace": "1s", "queueTimeout": "10m", "drainTimeout": "10m" } }""");
        using HttpResponseMessage stream = await HangAsync(daemon);

        (int status, _) = await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");

        Assert.Equal(200, status);
        Assert.Contains("answer_cut", await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>The first runner has read the whole request and is suspended then. The second one reads only the head.</summary>
    [Theory]
    [InlineData("""{"request_delay_ms": 600000}""", true)]
    [InlineData("""{"hang_at_body": true}""", false)]
    public async Task A_request_whose_runner_hung_gets_the_reason_and_is_not_sent_to_another_process(string faults, bool isSuspended)
    {
        await using DaemonFixture daemon = await StartAsync(
            """{ "limits": { "maxRunners": 1, "stopGrace": "1s", "queueTimeout": "10m", "drainTimeout": "10m" } }""", faults);

        // The body does not fit into the buffers of the connection. If the runner reads only the head, a part of it remains unsent.
        string text = new('x', 4_000_000);
        Task<(int Status, JsonElement Answer)> hanging = daemon.PostAsync(
            Route, $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"{{text}}"}]}""");
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).Any(static runner => runner.GetProperty("in_flight").GetInt32() == 1), DaemonFixture.Patience);
        if (isSuspended)
        {
            int process = await daemon.RunnerProcessAsync();
            await DaemonFixture.WaitUntilAsync(
                async () => (await DaemonFixture.StubStateAsync(process)).GetProperty("inFlight").GetInt32() == 1, DaemonFixture.Patience);
            await DaemonFixture.SignalAsync(process, "STOP");
        }

        (int status, _) = await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        (int failed, JsonElement answer) = await hanging;

        Assert.Equal((200, 502), (status, failed));
        JsonElement error = answer.GetProperty("error");
        Assert.Equal("stuck", error.GetProperty("reason").GetString());
        Assert.Contains("it did not respond to 3 health checks in a row", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Single(daemon.Log.Split('\n'), static line => line.Contains("Starting tiny-chat", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unload_ends_a_runner_that_hangs_with_a_request()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "limits": { "stopGrace": "1s", "drainTimeout": "10m" } }""");
        using HttpResponseMessage stream = await HangAsync(daemon);
        int process = await daemon.RunnerProcessAsync();

        (int status, JsonElement answer) = await daemon.PostAsync("engines/unload", """{"all":true}""");

        Assert.Equal((200, 1), (status, answer.GetProperty("unloaded_runners").GetInt32()));
        Assert.False(ProcessTable.IsAlive(process));
    }

    [Fact]
    public async Task A_runner_whose_socket_was_removed_is_replaced_after_its_responses()
    {
        await using DaemonFixture daemon = await StartAsync("{}");
        using HttpResponseMessage stream = await daemon.StreamAsync(
            Route, """{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":100}""");
        int first = await daemon.RunnerProcessAsync();
        File.Delete(ProcessTable.SocketOf(first));

        (int status, _) = await daemon.PostAsync(Route, """{"model":"tiny-chat","messages":[],"max_tokens":1}""");

        Assert.Equal(200, status);
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotEqual(first, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task During_an_unload_a_stream_continues_at_most_for_the_drain_time()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "limits": { "drainTimeout": "1s", "stopGrace": "1s" } }""");
        using HttpResponseMessage stream = await StreamAsync(daemon);

        (int status, JsonElement answer) = await daemon.PostAsync("engines/unload", """{"all":true}""");

        Assert.Equal((200, 1), (status, answer.GetProperty("unloaded_runners").GetInt32()));
        Assert.Contains("answer_cut", await stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static Task<DaemonFixture> StartAsync(string configuration, string faults = """{"token_delay_ms": 20}""") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = configuration,
    }.WithFaults(faults));

    private static Task<HttpResponseMessage> StreamAsync(DaemonFixture daemon) =>
        daemon.StreamAsync(Route, """{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":100000}""");

    private static async Task<HttpResponseMessage> HangAsync(DaemonFixture daemon)
    {
        HttpResponseMessage stream = await StreamAsync(daemon);
        await DaemonFixture.SignalAsync(await daemon.RunnerProcessAsync(), "STOP");
        return stream;
    }
}
