using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 36: the kernel kills runners that need more memory than their control group has.</summary>
public sealed class OutOfMemoryChecks
{
    private const int Models = 10;
    private const long GroupBytes = 256 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_36_The_kernel_ends_the_runner_and_not_the_daemon_and_both_name_the_cause()
    {
        using MemoryGroup group = Prerequisite.Require(
            MemoryGroup.TryCreate(GroupBytes), "The memory of a process cannot be limited here: run the tests as root, with a writable /sys/fs/cgroup.");
        string models = string.Join(", ", Enumerable.Range(0, Models).Select(static i => $$""" "m{{i}}": { "engine": "lab", "mode": "completion" } """));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                {
                  "metrics": { "minInterval": "0s" },
                  "engines": { "lab": { "command": ["/bin/sh", "-c", "exec dd if=/dev/zero of=/dev/null bs=1073741824 count=1", "sh", "{socket}"] } },
                  "models": { {{models}} }
                }
                """,
        });

        // The runners come into its group too, so the kernel has to choose between them and the daemon.
        await File.WriteAllTextAsync(group.ProcessesPath, daemon.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), Cancellation);
        for (int model = 0; model < Models; model++)
        {
            (int status, System.Text.Json.JsonElement body) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"m{{model}}","messages":[]}""");
            Assert.Equal(502, status);
            Assert.Contains("out-of-memory killer", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        double counted = (await AccountedPage.ReadNowAsync(daemon)).Sum("model_runner_crashes_total", "class=\"out_of_memory\"");
        Assert.Contains(daemon.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), await File.ReadAllLinesAsync(group.ProcessesPath, Cancellation));
        Figures.Print($"{counted} of {Models} counted as out_of_memory; the daemon, in the same group, lives");
        Assert.Equal(Models, counted);
    }
}
