using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Measured memory corrects the estimate of the next load. The runner of these tests needs far more than the header of its model says.</summary>
public sealed class MeasuredMemoryTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Error = "model_runner_memory_estimate_error_ratio";
    private const string Estimate = "model_runner_memory_estimate_bytes";
    private const string Memory = "model_runner_resident_memory_bytes";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_next_load_reserves_what_was_measured_also_after_a_kill()
    {
        using var folder = new TemporaryFolder();
        double measured;
        await using (DaemonFixture daemon = await StartAsync(folder))
        {
            AccountedPage first = await LoadAsync(daemon);
            (double estimate, double resident) = (first.Sum(Estimate), first.Sum(Memory));
            Assert.True(resident > estimate * 1.1, $"{resident} of {estimate}");
            Assert.Equal((resident - estimate) / estimate, first.Sum(Error), 0.2);

            Assert.Equal(1, (await daemon.PostAsync("engines/unload", """{"all":true}""")).Body.GetProperty("unloaded_runners").GetInt32());
            AccountedPage second = await LoadAsync(daemon);
            measured = second.Sum(Estimate);
            Assert.InRange(measured, resident, resident * 1.5);
            Assert.InRange(second.Sum(Error), -0.35, 0.05);

            // What was measured is stored at the end of the runner at the latest.
            await daemon.PostAsync("engines/unload", """{"all":true}""");
            await daemon.KillAsync();
        }

        await using (DaemonFixture daemon = await StartAsync(folder))
        {
            AccountedPage third = await LoadAsync(daemon);
            Assert.InRange(third.Sum(Estimate), measured * 0.95, measured * 1.3);
            string decisions = await daemon.Client.GetStringAsync(new Uri("engines/decisions?model=tiny-chat", UriKind.Relative), Cancellation);
            Assert.Contains("(measured in 2 earlier loads)", decisions, StringComparison.Ordinal);
            Assert.Contains("\"measured_loads\":2", decisions, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_runner_that_is_stopped_after_its_response_is_measured_too()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(folder, """ "keepAlive": "0s" """);
        await daemon.PostAsync("v1/chat/completions", Chat);
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);
        await daemon.PostAsync("v1/chat/completions", Chat);

        string decisions = await daemon.Client.GetStringAsync(new Uri("engines/decisions?model=tiny-chat", UriKind.Relative), Cancellation);
        Assert.Contains("(measured in 1 earlier load)", decisions, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_estimate_and_the_most_that_was_measured_are_in_the_list_of_runners()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await StartAsync(folder);
        AccountedPage page = await LoadAsync(daemon);

        System.Text.Json.JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal(page.Sum(Estimate), runner.GetProperty("memory_estimate_bytes").GetDouble());
        Assert.InRange(runner.GetProperty("memory_peak_bytes").GetDouble(), page.Sum(Memory), page.Sum(Memory) * 1.3);
    }

    // Only what was measured before the runner is stopped counts.
    private static async Task<AccountedPage> LoadAsync(DaemonFixture daemon)
    {
        await daemon.PostAsync("v1/chat/completions", Chat);
        AccountedPage? page = null;
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                page = new AccountedPage(await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation));
                return page.Text.Contains(Error + "{", StringComparison.Ordinal);
            },
            DaemonFixture.Patience);
        return page!;
    }

    private static Task<DaemonFixture> StartAsync(TemporaryFolder folder, string more = """ "keepAlive": "5m" """) =>
        DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, Configuration = $$"""{ "metrics": { "minInterval": "0s" }, {{more}} }""" }
            .WithFaults("""{"memory_mib": 100}"""));
}
