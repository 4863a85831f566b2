using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports about successive scrapes, as cases against the whole daemon.</summary>
public sealed class MergeCases
{
    private const string Predicted = "llamacpp:tokens_predicted_total{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\"} ";
    private const string Up = "model_runner_up{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\"} ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task MRG_01_Runners_with_different_types_share_an_untyped_family_and_are_counted()
    {
        await using RawRunner one = RawRunner.WithPage(1, "# TYPE rt:units_total gauge\nrt:units_total 4\n");
        await using RawRunner two = RawRunner.WithPage(2, "# TYPE rt:units_total counter\nrt:units_total 5\n");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(one, two) });

        await PageAsync(daemon);
        string page = await PageAsync(daemon);

        Assert.Contains(
            "\n# TYPE rt:units_total untyped\n"
            + "rt:units_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 4\n"
            + "rt:units_total{backend=\"llama.cpp\",model=\"m2:latest\",mode=\"completion\"} 5\n",
            page,
            StringComparison.Ordinal);
        Assert.Contains("\nmodel_runner_page_conflicts{conflict=\"type\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MRG_07_Only_scrapes_read_the_page_of_a_runner_and_two_at_once_share_it()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "rt:win_rate 1\n");
        runner.Answer = (stream, _) =>
            RawRunner.WriteAsync(stream, RawRunner.Page($"rt:win_rate {runner.Requests.Count(IsReading)}\n"));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach([runner], "1h") });

        foreach (string path in (string[])["engines/ps", "engines/status", "models", "v1/models", "health", "version", ""])
            (await daemon.Client.GetAsync(new Uri(path, UriKind.Relative), Cancellation)).Dispose();
        using (var head = new HttpRequestMessage(HttpMethod.Head, "metrics"))
            (await daemon.Client.SendAsync(head, Cancellation)).Dispose();
        Assert.DoesNotContain(runner.Requests, IsReading);

        string[] pages = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PageAsync(daemon)));

        Assert.All(pages, static page => Assert.Contains(
            "\nrt:win_rate{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal));
        Assert.Single(runner.Requests, IsReading);

        // The list of runners shows the health of attached servers, without reading their pages.
        Assert.All(runner.Requests, static head => Assert.True(IsReading(head) || head.StartsWith("GET /health ", StringComparison.Ordinal), head));
    }

    private static bool IsReading(string head) => head.StartsWith("GET /metrics ", StringComparison.Ordinal);

    [Theory]
    [InlineData("killed")]
    [InlineData("unloaded")]
    public async Task MRG_10_A_runner_that_is_replaced_while_it_is_scraped_is_never_shown_again(string how)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "metrics": { "minInterval": "0s" } }""",

            // The old process ends slowly, and its last response arrives late.
        }.WithFaults("""{"shutdown_delay_ms": 300, "metrics_delay_ms": 30}"""));
        await ChatAsync(daemon, 100);
        int old = await daemon.RunnerProcessAsync();
        var shown = new ConcurrentQueue<string>();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task scraping = ScrapeAsync(daemon, shown, enough.Token);
        await WaitForAsync(shown, "100");

        if (how == "killed")
            await DaemonFixture.SignalAsync(old, "KILL");
        else
            Assert.Equal(200, (await daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""")).Status);
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).All(runner => !runner.TryGetProperty("pid", out JsonElement pid) || pid.GetInt32() != old), DaemonFixture.Patience);
        await ChatAsync(daemon, 7);
        await WaitForAsync(shown, "7");
        await enough.CancelAsync();
        await scraping;

        // The total of the old one, then possibly none, then that of the new one: 0 until its response is complete.
        string[] steps = [.. shown.Where((value, i) => i == 0 || value != shown.ElementAt(i - 1)).Where(static value => value.Length > 0)];
        Assert.True(steps is ["100", "7"] or ["100", "0", "7"], string.Join(", ", steps));
        Assert.NotEqual(old, await daemon.RunnerProcessAsync());
    }

    [Fact]
    public async Task MRG_11_Static_runners_give_the_same_bytes_twenty_times()
    {
        RawRunner[] runners =
        [
            .. Enumerable.Range(1, 4).Select(static id => RawRunner.WithPage(id, $"# TYPE b counter\nb{{k=\"2\"}} {id}\nb{{k=\"1\"}} {id}\n# TYPE a gauge\na {id}\n")),
        ];
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(runners) }))
        {
            // The first page has no duration of the page before it.
            await PageAsync(daemon);
            var distinct = new HashSet<string>(StringComparer.Ordinal);
            for (int i = 0; i < 20; i++)
            {
                // The daemon's own values change.
                string page = await PageAsync(daemon);
                distinct.Add(string.Join('\n', page.Split('\n').Where(static line => !line.StartsWith("model_runner_", StringComparison.Ordinal))));
            }

            Assert.Contains("\na{backend=\"llama.cpp\",model=\"m4:latest\",mode=\"completion\"} 4", Assert.Single(distinct), StringComparison.Ordinal);
        }

        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    /// <summary>Scrapes repeatedly. Records the value on each page, empty if there is none.</summary>
    private static async Task ScrapeAsync(DaemonFixture daemon, ConcurrentQueue<string> shown, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            byte[] page = await daemon.Client.GetByteArrayAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            PageRules.Check(page);
            string[] lines = Encoding.UTF8.GetString(page).Split('\n');
            shown.Enqueue(lines.SingleOrDefault(static line => line.StartsWith(Predicted, StringComparison.Ordinal))?[Predicted.Length..] ?? "");
            Assert.True(lines.Count(static line => line.StartsWith(Up, StringComparison.Ordinal)) <= 1, "Two runners have the same labels.");
        }
    }

    private static async Task ChatAsync(DaemonFixture daemon, int tokens)
    {
        string json = string.Create(
            CultureInfo.InvariantCulture, $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":{{tokens}}}""");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", json)).Status);
    }

    private static Task WaitForAsync(ConcurrentQueue<string> shown, string value) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(shown.Contains(value, StringComparer.Ordinal)), DaemonFixture.Patience);

    private static string Attach(params RawRunner[] runners) => Attach(runners, "0s");

    private static string Attach(RawRunner[] runners, string minInterval) => $$"""
        { "metrics": { "minInterval": "{{minInterval}}" }, "runners": [ {{string.Join(", ", runners.Select(static (runner, i) =>
            $$"""{ "backend": "llama.cpp", "model": "m{{i + 1}}", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" }"""))}} ] }
        """;

    private static Task<string> PageAsync(DaemonFixture daemon) =>
        daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
}
