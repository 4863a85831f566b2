using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines.Slots;

/// <summary>How much sooner the first token comes after a swap, the load included, with the real llama-server and a model whose prompts cost time.</summary>
public sealed class FirstTokenTests : IDisposable
{
    private const int Words = 470;
    private const int Rounds = 3;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_context_of_2000_tokens_survives_a_swap_and_its_first_token_comes_5_times_sooner()
    {
        Directory.CreateDirectory(_folder.PathOf("models"));
        _folder.Write("models/heavy.gguf", HeavyModel.Build());
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """
                { "kvCache": { "persist": true }, "limits": { "maxRunners": 1, "minStay": 0, "swapDelay": 0 },
                  "models": { "heavy": { "contextSize": 4096, "args": "--parallel 1 --threads 1 --threads-batch 1" } } }
                """,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = RealLlamaServer.Require() },
            Folder = _folder,
        });

        // The self-test belongs to the first load only.
        await AskAsync(daemon, "heavy", "t1 t2 t3");
        var ratios = new List<double>();
        for (int round = 1; round <= Rounds; round++)
        {
            string prompt = string.Join(' ', Enumerable.Range(0, Words).Select(word => string.Create(CultureInfo.InvariantCulture, $"t{(word * round) % 590}")));
            await AskAsync(daemon, "tiny-chat", "the house");
            Answer cold = await AskAsync(daemon, "heavy", prompt);
            await AskAsync(daemon, "tiny-chat", "the house");
            Answer warm = await AskAsync(daemon, "heavy", prompt);

            Assert.True(cold is { Cached: < 100, Computed: >= 1900 }, $"{cold}");
            Assert.True(warm is { Cached: >= 1900, Computed: < 100 }, $"{warm}");
            ratios.Add(cold.FirstToken / warm.FirstToken);
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"first token after {cold.FirstToken.TotalMilliseconds:0} ms and {warm.FirstToken.TotalMilliseconds:0} ms with their loads: "
                + $"{ratios[^1]:0.0} times sooner; prompt {cold.PromptMilliseconds:0} ms and {warm.PromptMilliseconds:0} ms, {warm.Cached} tokens from the cache"));
        }

        // Other programs on the machine may delay one of the loads.
        Assert.True(ratios.Order().ElementAt(Rounds / 2) >= 5, string.Join(", ", ratios));
    }

    private static async Task<Answer> AskAsync(DaemonFixture daemon, string model, string prompt)
    {
        string body = $$"""{"model":"{{model}}","prompt":"{{prompt}}","max_tokens":4,"temperature":0,"ignore_eos":true,"stream":true}""";
        long began = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await daemon.StreamAsync("v1/completions", body);
        Assert.True(response.IsSuccessStatusCode, await ReadErrorAsync(response));
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        TimeSpan? first = null;
        JsonElement timings = default;
        while (await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
                continue;
            first ??= Stopwatch.GetElapsedTime(began);
            using var part = JsonDocument.Parse(line.AsMemory("data: ".Length));
            if (part.RootElement.TryGetProperty("timings", out JsonElement found))
                timings = found.Clone();
        }

        return new Answer(
            timings.GetProperty("cache_n").GetInt64(), timings.GetProperty("prompt_n").GetInt64(), timings.GetProperty("prompt_ms").GetDouble(), first!.Value);
    }

    private static async Task<string> ReadErrorAsync(HttpResponseMessage response) =>
        response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(Cancellation);

    private sealed record Answer(long Cached, long Computed, double PromptMilliseconds, TimeSpan FirstToken);
}
