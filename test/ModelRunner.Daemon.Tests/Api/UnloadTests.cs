using System.Diagnostics;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

public sealed class UnloadTests
{
    [Fact]
    public async Task Every_name_that_ps_shows_can_be_unloaded()
    {
        await using DaemonFixture daemon = await StartWithTwoAsync();
        foreach (JsonElement runner in await daemon.RunnersAsync())
        {
            string body = $$"""{"models":["{{runner.GetProperty("model_name").GetString()}}"]}""";

            Assert.Equal((200, 1), await UnloadAsync(daemon, body));
        }

        Assert.Equal(0, (await daemon.GetAsync("engines/ps")).GetArrayLength());
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Fact]
    public async Task All_runners_are_unloaded_and_a_second_unload_finds_none()
    {
        await using DaemonFixture daemon = await StartWithTwoAsync();

        Assert.Equal((200, 2), await UnloadAsync(daemon, """{"all":true}"""));
        Assert.Equal((200, 0), await UnloadAsync(daemon, """{"all":true}"""));
        Assert.Equal((200, 0), await UnloadAsync(daemon, """{"models":["tiny-chat"]}"""));
        Assert.Empty(ProcessTable.ChildrenOf(daemon.ProcessId));
    }

    [Fact]
    public async Task A_runner_that_hangs_with_a_request_ends_after_the_drain_and_the_grace_time()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{"limits":{"drainTimeout":"500ms","stopGrace":"1s"}}""",
        }.WithFaults("""{"token_delay_ms": 100, "ignore_sigterm": true}"""));
        using HttpResponseMessage stream = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""");
        int runner = await daemon.BusyRunnerProcessAsync();
        await DaemonFixture.SignalAsync(runner, "STOP");

        long started = Stopwatch.GetTimestamp();
        Assert.Equal((200, 1), await UnloadAsync(daemon, """{"all":true}"""));

        // The times of the configuration apply, one after the other. The default drain time alone is 30 s.
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(30));
        Assert.False(ProcessTable.IsAlive(runner));
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":1}""")).Status);
    }

    private static async Task<(int Status, int Count)> UnloadAsync(DaemonFixture daemon, string selection)
    {
        (int status, JsonElement answer) = await daemon.PostAsync("engines/unload", selection);
        return (status, answer.GetProperty("unloaded_runners").GetInt32());
    }

    private static async Task<DaemonFixture> StartWithTwoAsync()
    {
        DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");
        await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        return daemon;
    }
}
