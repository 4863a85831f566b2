using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 16: no answer comes from another runner's connection, also when sockets are used again.</summary>
public sealed class PoolChecks
{
    private const int Runners = 16;
    private const int Scrapes = 2000;
    private const int Calls = 2000;
    private const int Generations = 5;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_16_Sixteen_runners_are_never_mixed_up_while_their_sockets_are_used_again()
    {
        using var folder = new TemporaryFolder();
        string PathOf(int runner) => folder.PathOf($"r{runner}.sock");
        NonceServer[] servers = [.. Enumerable.Range(0, Runners).Select(i => new NonceServer(PathOf(i), i, 0))];
        string attached = string.Join(", ", Enumerable.Range(0, Runners).Select(i =>
            $$"""{ "backend": "vllm", "model": "m{{i}}", "mode": "completion", "endpoint": "unix:{{PathOf(i)}}" }"""));
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "runners": [ {{attached}} ] }""",
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        try
        {
            int answers = 0;
            for (int generation = 0; generation < Generations; generation++)
            {
                int current = generation;
                if (generation > 0)
                {
                    // Every server is replaced by another one at the same path; the connections to the old ones are closed.
                    foreach (NonceServer server in servers)
                        await server.DisposeAsync();
                    servers = [.. Enumerable.Range(0, Runners).Select(i => new NonceServer(PathOf(i), i, current))];
                }

                int[] counts = await Task.WhenAll(
                    Enumerable.Range(0, 4).Select(task => ScrapeAsync(task % 2 == 0 ? daemon.Client : tcp, Scrapes / Generations / 4, current))
                        .Concat(Enumerable.Range(0, 4).Select(task => CallAsync(task % 2 == 0 ? daemon.Client : tcp, task, Calls / Generations / 4, current))));
                answers += counts.Sum();
            }

            Figures.Print($"0 wrong of {answers} answers, {Generations} generations of {Runners} runners");
            Assert.Equal((Scrapes * Runners) + Calls, answers);
        }
        finally
        {
            foreach (NonceServer server in servers)
                await server.DisposeAsync();
        }
    }

    private static async Task<int> ScrapeAsync(HttpClient client, int count, int generation)
    {
        int right = 0;
        for (int scrape = 0; scrape < count; scrape++)
        {
            string page = await client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
            for (int runner = 0; runner < Runners; runner++)
            {
                string line = string.Create(
                    CultureInfo.InvariantCulture,
                    $"\nrt:nonce{{backend=\"vllm\",model=\"m{runner}:latest\",mode=\"completion\"}} {NonceServer.NonceOf(runner, generation)}\n");
                Assert.Contains(line, page, StringComparison.Ordinal);
                right++;
            }
        }

        return right;
    }

    private static async Task<int> CallAsync(HttpClient client, int seed, int count, int generation)
    {
        var random = new Random(seed);
        for (int call = 0; call < count; call++)
        {
            int runner = random.Next(Runners);
            using var content = new StringContent($$"""{"model":"m{{runner}}","prompt":"x"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await client.PostAsync(new Uri("v1/completions", UriKind.Relative), content, Cancellation);
            string body = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(response.IsSuccessStatusCode, body);
            using var document = JsonDocument.Parse(body);
            Assert.Equal(
                NonceServer.NonceOf(runner, generation).ToString(CultureInfo.InvariantCulture),
                document.RootElement.GetProperty("choices")[0].GetProperty("text").GetString());
        }

        return count;
    }
}
