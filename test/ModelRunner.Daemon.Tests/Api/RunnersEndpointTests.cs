using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>How attached servers are shown.</summary>
public sealed class RunnersEndpointTests
{
    [Fact]
    public async Task Attached_servers_that_are_down_are_shown_as_down_and_replicas_are_distinguished()
    {
        await using StubProcess alive = await StubProcess.StartAsync();
        await using StubProcess silent = await StubProcess.StartAsync();
        await using StubProcess loading = await StubProcess.StartAsync(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["never_ready"] = "1" });
        await silent.SignalAsync(19);
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(
            ("alive", alive.SocketPath), ("dead", Path.Join(folder.Path, "dead.sock")), ("silent", silent.SocketPath), ("loading", loading.SocketPath));

        // A server counts as silent if it does not respond within a second. On a busy machine, those that respond may need another check.
        Dictionary<string, JsonElement> runners = [];
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                runners = (await daemon.RunnersAsync()).ToDictionary(
                    static runner => runner.GetProperty("replica").GetString()!, StringComparer.Ordinal);
                return Describe(runners["alive"]).Reason != "timeout" && Describe(runners["loading"]).Reason != "timeout";
            },
            DaemonFixture.Patience);
        Assert.Equal(("ready", null), Describe(runners["alive"]));
        Assert.Equal(("down", "refused"), Describe(runners["dead"]));
        Assert.Equal(("down", "timeout"), Describe(runners["silent"]));
        Assert.Equal(("loading", null), Describe(runners["loading"]));
        Assert.All(runners.Values, static runner => Assert.False(runner.TryGetProperty("last_used", out _)));
        string status = "";
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                status = (await daemon.GetAsync("engines/status")).GetProperty("x").GetString()!;
                return status.StartsWith("Running: attached, 1 ready, 2 down, 1 loading;", StringComparison.Ordinal);
            },
            DaemonFixture.Patience);
        Assert.Contains("m:latest (completion, replica dead) is down: refused", status, StringComparison.Ordinal);
        await silent.SignalAsync(18);
    }

    [Fact]
    public async Task A_backend_whose_servers_are_all_down_is_an_error()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(("a", Path.Join(folder.Path, "a.sock")), ("b", Path.Join(folder.Path, "b.sock")));

        string status = (await daemon.GetAsync("engines/status")).GetProperty("x").GetString()!;

        Assert.StartsWith("Error: attached, 0 ready, 2 down;", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unload_says_that_it_does_not_stop_attached_servers()
    {
        await using StubProcess alive = await StubProcess.StartAsync();
        await using DaemonFixture daemon = await StartAsync(("a", alive.SocketPath), ("b", alive.SocketPath));
        await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");

        (int status, JsonElement some) = await daemon.PostAsync("engines/unload", """{"models":["m"]}""");
        (_, JsonElement all) = await daemon.PostAsync("engines/unload", """{"all":true}""");
        (_, JsonElement none) = await daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""");

        Assert.Equal(200, status);
        Assert.Equal("""{"unloaded_runners":0,"attached_runners":2}""", some.GetRawText());
        Assert.Equal("""{"unloaded_runners":1,"attached_runners":2}""", all.GetRawText());
        Assert.Equal("""{"unloaded_runners":0}""", none.GetRawText());
        Assert.False(alive.HasExited);
    }

    private static (string? State, string? Reason) Describe(JsonElement runner) => (
        runner.GetProperty("state").GetString(),
        runner.TryGetProperty("reason", out JsonElement reason) ? reason.GetString() : null);

    private static Task<DaemonFixture> StartAsync(params (string Replica, string Socket)[] runners)
    {
        IEnumerable<string> items = runners.Select(static runner => $$"""
            { "backend": "x", "model": "m", "mode": "completion", "endpoint": "unix:{{runner.Socket}}", "replica": "{{runner.Replica}}" }
            """);
        return DaemonFixture.StartAsync(new DaemonSetup { Configuration = $$"""{ "runners": [ {{string.Join(", ", items)}} ] }""" });
    }
}
