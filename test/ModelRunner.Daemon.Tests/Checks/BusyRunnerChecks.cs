using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 13: a runner whose page waits for its work is alive.</summary>
public sealed class BusyRunnerChecks
{
    private const int Scrapes = 20;
    private const string Stream = """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""";
    private const string Labels = """backend="llama.cpp",model="tiny-chat:latest",mode="completion" """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_13_A_page_that_waits_for_the_work_of_its_runner_ends_neither_the_runner_nor_its_stream()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = """{ "metrics": { "minInterval": "0s" }, "limits": { "drainTimeout": "100ms" } }""",
        }.WithFaults("""{"metrics_delay_ms": 30000, "token_delay_ms": 20}"""));
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        int runner = await daemon.BusyRunnerProcessAsync();

        int events = 0;
        for (int scrape = 0; scrape < Scrapes; scrape++)
        {
            Task<string> page = ScrapeAsync(scrape % 2 == 0 ? daemon.Client : tcp);
            while (!page.IsCompleted)
                events += await ReadEventAsync(reader);
            Assert.Contains($"\nmodel_runner_down_info{{{Labels.TrimEnd()},reason=\"timeout\"}} 1\n", await page, StringComparison.Ordinal);
            Assert.Equal(runner, await daemon.RunnerProcessAsync());
        }

        JsonElement shown = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("ready", shown.GetProperty("state").GetString());
        Assert.Equal(1, await ReadEventAsync(reader));
        Figures.Print($"{Scrapes} scrapes without the runner's page, {events} events meanwhile, 0 runners ended");

        // A runner that is dead is told from one that is busy.
        await DaemonFixture.SignalAsync(runner, "KILL");
        await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
        await DaemonFixture.WaitUntilAsync(
            async () => !(await ScrapeAsync(tcp)).Contains($"model_runner_down_info{{{Labels.TrimEnd()},reason=\"timeout\"}}", StringComparison.Ordinal), DaemonFixture.Patience);
    }

    private static async Task<int> ReadEventAsync(StreamReader reader)
    {
        string? line = await reader.ReadLineAsync(Cancellation);
        Assert.NotNull(line);
        Assert.DoesNotContain("\"error\"", line, StringComparison.Ordinal);
        return line.StartsWith("data: ", StringComparison.Ordinal) ? 1 : await ReadEventAsync(reader);
    }

    private static async Task<string> ScrapeAsync(HttpClient client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", "0.5");
        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }
}
