using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 27: a stop ends, whatever the runner does.</summary>
[Collection(CheckGroup.Name)]
public sealed class StopChecks
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";

    [Theory]
    [InlineData("ignores SIGTERM", """{"ignore_sigterm": 1}""", null)]
    [InlineData("is stopped", "{}", "STOP")]
    [InlineData("has a child that holds the pipe", """{"grandchild": 1, "ignore_sigterm": 1}""", null)]
    [InlineData("has a child in a session of its own", """{"grandchild_own_group": 1, "ignore_sigterm": 1}""", null)]
    [InlineData("has a child in a session of its own, and is stopped", """{"grandchild_own_group": 1}""", "STOP")]
    public async Task Check_27_An_unload_ends_within_the_grace_time_and_two_seconds(string what, string faults, string? signal)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = $$"""{ "limits": { "stopGrace": "{{Grace.TotalSeconds}}s" } }""",
        }.WithFaults(faults));
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
            int runner = await daemon.RunnerProcessAsync();
            int[] tree = [runner, .. ProcessTable.ChildrenOf(runner)];
            if (signal is not null)
                await DaemonFixture.SignalAsync(runner, signal);

            long started = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await daemon.PostAsync("engines/unload", """{"all":true}""")).Status);
            TimeSpan time = Stopwatch.GetElapsedTime(started);

            Assert.DoesNotContain(tree, ProcessTable.IsAlive);
            Figures.Print($"a runner that {what}: {tree.Length} processes gone after {time.TotalSeconds:0.00} s, 0 left");
            return time <= Limit ? null : $"{time.TotalSeconds:0.00} s";
        });
    }

    /// <summary>A wrapper script that does not pass signals on.</summary>
    [Fact]
    public async Task Check_27_An_engine_behind_a_script_ends_within_the_grace_time_and_two_seconds()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                {
                  "limits": { "stopGrace": "{{Grace.TotalSeconds}}s" },
                  "engines": { "script": { "command": ["/bin/sh", "-c", "trap '' TERM; \"$0\" \"$@\" & wait; wait", "{{StubProcess.ExecutablePath}}", "--host", "{socket}", "--alias", "{name}"] } },
                  "models": { "wrapped": { "engine": "script", "mode": "completion" } }
                }
                """,
        });
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"wrapped","messages":[],"max_tokens":1}""")).Status);
            int script = await daemon.RunnerProcessAsync();
            int[] tree = [script, .. ProcessTable.ChildrenOf(script)];
            Assert.Equal(2, tree.Length);

            long started = Stopwatch.GetTimestamp();
            Assert.Equal(200, (await daemon.PostAsync("engines/unload", """{"all":true}""")).Status);
            TimeSpan time = Stopwatch.GetElapsedTime(started);

            Assert.DoesNotContain(tree, ProcessTable.IsAlive);
            Figures.Print($"an engine behind a script: {tree.Length} processes gone after {time.TotalSeconds:0.00} s, 0 left");
            return time <= Limit ? null : $"{time.TotalSeconds:0.00} s";
        });
    }
}
