using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 15: scrapes while models are loaded, unloaded, evicted and crash.</summary>
[Collection(CheckGroup.Name)]
public sealed class LifecycleChecks
{
    private const int Models = 8;
    private const int Pinned = 4;
    private static readonly int Cycles = Figures.Count(usual: 160, full: 1000);
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);

    // Odd: the model is loaded; even: its process has ended. It changes only by the task that uses the model.
    private readonly int[] _versions = new int[Models];
    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _times = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_15_Scrapes_are_valid_and_in_time_while_runners_come_and_go()
    {
        // The first models stay until they are unloaded or crash. The others share two places, so each load evicts one.
        string models = string.Join(", ", Enumerable.Range(0, Models).Select(static i =>
            $$""" "m{{i}}": { "path": "tiny-chat.gguf", "keepAlive": {{(i < Pinned ? "-1" : "\"10m\"")}} } """));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "limits": { "maxRunners": {{Pinned + 2}}, "swapDelay": 0, "minStay": 0 }, "models": { {{models}} } }""",
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        await Task.WhenAll(ReadAsync(daemon.Client), ReadAsync(tcp));
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            _times.Clear();
            using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            Task[] scrapes = [ScrapeAsync(daemon.Client, end.Token), ScrapeAsync(tcp, end.Token)];
            Task[] cycles = [.. Enumerable.Range(0, Models).Select(model => CycleAsync(daemon, model, Cycles / Models))];
            await Task.WhenAny(Task.WhenAll(cycles), Task.WhenAny(scrapes));
            await end.CancelAsync();
            await Task.WhenAll(scrapes);
            await Task.WhenAll(cycles);
            TimeSpan p99 = Figures.Quantile(_times, 0.99);
            Figures.Print($"{Cycles} cycles, {_times.Count} pages, 0 invalid, 99 % within {p99.TotalMilliseconds:0} ms");
            return p99 < Limit ? null : $"99 % within {p99.TotalMilliseconds:0} ms";
        });
    }

    private async Task CycleAsync(DaemonFixture daemon, int model, int count)
    {
        for (int cycle = 0; cycle < count; cycle++)
        {
            (int status, _) = await daemon.PostAsync("v1/chat/completions", $$"""{"model":"m{{model}}","messages":[],"max_tokens":1}""");
            if (model >= Pinned)
            {
                // One of the others may take its place at any time.
                Assert.Equal(200, status);
                continue;
            }

            // A runner that crashed is not started again at once.
            if (status != 200)
            {
                Assert.InRange(status, 502, 503);
                await Task.Delay(TimeSpan.FromMilliseconds(100), Cancellation);
                continue;
            }

            Interlocked.Increment(ref _versions[model]);
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancellation);
            int process = Assert.Single(await daemon.RunnersAsync(), runner => runner.GetProperty("model_name").GetString() == $"m{model}:latest").GetProperty("pid").GetInt32();
            Interlocked.Increment(ref _versions[model]);
            if (cycle % 3 == 0)
                await DaemonFixture.SignalAsync(process, "KILL");
            else
                Assert.Equal(200, (await daemon.PostAsync("engines/unload", $$"""{"models":["m{{model}}"]}""")).Status);
            await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        }
    }

    private async Task ScrapeAsync(HttpClient client, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            int[] before = [.. _versions];
            long started = Stopwatch.GetTimestamp();
            string page = await ReadAsync(client);
            TimeSpan time = Stopwatch.GetElapsedTime(started);
            lock (_lock)
                _times.Add(time);
            AssertValid(page);
            for (int model = 0; model < Pinned; model++)
            {
                // Loaded before the scrape and after it.
                if (before[model] % 2 == 1 && before[model] == Volatile.Read(ref _versions[model]))
                    Assert.Contains($"\nllamacpp:prompt_tokens_total{{backend=\"llama.cpp\",model=\"m{model}:latest\"", page, StringComparison.Ordinal);
            }
        }
    }

    private static async Task<string> ReadAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.True(response.IsSuccessStatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static void AssertValid(string page)
    {
        Assert.EndsWith("\n", page, StringComparison.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var families = new HashSet<string>(StringComparer.Ordinal);
        foreach (string line in page[..^1].Split('\n'))
        {
            string key = line.StartsWith('#') ? string.Join(' ', line.Split(' ')[..3]) : line[..line.LastIndexOf(' ')];
            Assert.True(seen.Add(key), $"{key} is there twice.");
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                families.Add(key);
        }

        Assert.Contains("# TYPE model_runner_build_info", families);
    }
}
