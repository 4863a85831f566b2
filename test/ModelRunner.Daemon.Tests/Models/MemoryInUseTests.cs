using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>
/// The parts of the estimate that grow with the requests, compared with what the real llama-server writes about them, and the parts of llama-host,
/// which writes nothing about its buffers, compared with the memory of its process.
/// </summary>
public sealed partial class MemoryInUseTests : IDisposable
{
    private const double Mebibyte = 1 << 20;
    private const string Trace = "4";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("--spec-type ngram-mod")]
    public async Task The_results_of_a_batch_grow_with_the_vocabulary(string written)
    {
        (double small, double smallEstimate) = await MeasureResultsAsync(600, written);
        (double large, double largeEstimate) = await MeasureResultsAsync(40_600, written);

        // Both have the same buffers but for the results.
        double perToken = (largeEstimate - smallEstimate) / 40_000;
        TestContext.Current.TestOutputHelper?.WriteLine($"{small} {large} {perToken}");
        Assert.Equal(written.Length == 0 ? 4.0 * 4 : 4.0 * 4 * 65, perToken);
        Assert.InRange(largeEstimate - smallEstimate, (large - small) * 0.95, ((large - small) * 1.2) + Mebibyte);
    }

    [Fact]
    public async Task Checkpoints_of_a_model_with_a_window_are_within_the_estimate()
    {
        const int Context = 20_000;
        string path = await WriteAsync(ShapeModels.Build("gemma3"));
        MemoryEstimate estimate = Estimate(path, [], isLlamaServer: true, Context, slots: 1);
        await using HostProcess server = await StartServerAsync(path, Context, 1, []);
        await CompleteAsync(server, Prompt(18_000, "t"));
        await server.WaitForLogAsync("created context checkpoint");

        double[] sizes = Sizes(server.Log, CheckpointLine());
        TestContext.Current.TestOutputHelper?.WriteLine($"{estimate} {string.Join(' ', sizes)}");
        Assert.InRange(sizes.Length, 2, 4);
        Assert.All(sizes, size => Assert.InRange(size, estimate.Checkpoints / 4 * 0.95, estimate.Checkpoints / 4 * 1.05));
    }

    [Fact]
    public async Task Prompts_outside_the_slots_stay_within_the_limit_that_the_daemon_sets()
    {
        const int Context = 16_384;
        string path = await WriteAsync(ShapeModels.Build("llama"));
        MemoryEstimate estimate = Estimate(path, [], isLlamaServer: true, Context, slots: 1);
        string limit = Math.Ceiling(estimate.PromptCache / Mebibyte).ToString(CultureInfo.InvariantCulture);
        await using HostProcess server = await StartServerAsync(path, Context, 1, ["--cache-ram", limit]);
        for (int i = 0; i < 5; i++)
            await CompleteAsync(server, Prompt(5_000, $"t{i}"));
        await server.WaitForLogAsync("cache state: ");

        double[] sizes = Sizes(server.Log, PromptCacheLine());
        TestContext.Current.TestOutputHelper?.WriteLine($"{estimate} {string.Join(' ', sizes)}");
        Assert.True(sizes.Max() > 0, "No prompt was kept.");
        Assert.InRange(sizes.Max(), estimate.PromptCache * 0.3, estimate.PromptCache + Mebibyte);
        Assert.InRange(MachineMemory.ReadHeldBy(server.Id), 0, estimate.Total - estimate.Weights + (32 * Mebibyte));
    }

    [Theory]
    [InlineData("llama", 32_768)]
    [InlineData("gemma3", 32_768)]
    public async Task The_cache_of_llama_host_agrees_with_the_memory_that_a_larger_context_needs(string architecture, int context)
    {
        string path = await WriteAsync(ShapeModels.Build(architecture));
        (long small, MemoryEstimate smallEstimate) = await MeasureHostAsync(path, 1024);
        (long large, MemoryEstimate largeEstimate) = await MeasureHostAsync(path, context);

        TestContext.Current.TestOutputHelper?.WriteLine($"{small} {large} {smallEstimate} {largeEstimate}");
        double growth = largeEstimate.Cache - smallEstimate.Cache;
        Assert.InRange(large - small, (growth * 0.95) - Mebibyte, (growth * 1.05) + largeEstimate.Compute + (4 * Mebibyte));
        Assert.InRange(large, largeEstimate.Cache, largeEstimate.Total - largeEstimate.Weights + (16 * Mebibyte));
        Assert.Equal((0, 0), (largeEstimate.Checkpoints, largeEstimate.PromptCache));
    }

    private static async Task<(long Held, MemoryEstimate Estimate)> MeasureHostAsync(string path, int context)
    {
        await using HostProcess host = await HostProcess.StartAsync(
            Path.Join(AppContext.BaseDirectory, "llama-host", "llama-host"), ["--model", path, "--parallel", "2", "--ctx-size", $"{context * 2}", "--threads", "1"]);
        await CompleteAsync(host, Prompt(600, "t"));
        return (MachineMemory.ReadHeldBy(host.Id), Estimate(path, [], isLlamaServer: false, context, slots: 2));
    }

    private async Task<(double Buffers, double Estimate)> MeasureResultsAsync(uint words, string written)
    {
        string[] added = written.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string path = await WriteAsync(ShapeModels.Build("llama", words));
        MemoryEstimate estimate = Estimate(path, added, isLlamaServer: true, context: 512, slots: 4);
        await using HostProcess server = await StartServerAsync(path, 512, 4, added);
        await server.WaitForLogAsync("model loaded");
        return (Sizes(server.Log, ResultLine()).Sum(), estimate.Compute);
    }

    private static MemoryEstimate Estimate(string path, string[] added, bool isLlamaServer, int context, int slots) => MemoryEstimate.Of(
        GgufHeaderReader.Read(path).Header!, new FileInfo(path).Length,
        RunnerShape.Read(added, isLlamaServer, context, slots) with { Mode = RunnerMode.Completion });

    private async Task<string> WriteAsync(byte[] file)
    {
        string path = _folder.PathOf("model.gguf");
        await File.WriteAllBytesAsync(path, file, TestContext.Current.CancellationToken);
        return path;
    }

    private static Task<HostProcess> StartServerAsync(string path, int context, int slots, string[] added) => HostProcess.StartAsync(
        RealLlamaServer.Require(),
        [
            "--model", path, "--threads", "1", "--no-warmup", "--log-verbosity", Trace, "--parallel", $"{slots}", "--ctx-size", $"{context * slots}",
            .. added,
        ]);

    // Each word is one token.
    private static string Prompt(int tokens, string word) => string.Concat(Enumerable.Repeat(word, tokens));

    private static async Task CompleteAsync(HostProcess server, string prompt)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync(
            "v1/completions", new Dictionary<string, object> { ["model"] = "m", ["prompt"] = prompt, ["max_tokens"] = 1 },
            TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static double[] Sizes(string log, Regex pattern) =>
        [.. pattern.Matches(log).Select(static match => double.Parse(match.Groups["size"].ValueSpan, CultureInfo.InvariantCulture) * Mebibyte)];

    [GeneratedRegex(@"(?:output|compute) buffer size = +(?<size>[0-9.]+) MiB", RegexOptions.None, 1000)]
    private static partial Regex ResultLine();

    [GeneratedRegex(@"created context checkpoint .* size = (?<size>[0-9.]+) MiB", RegexOptions.None, 1000)]
    private static partial Regex CheckpointLine();

    [GeneratedRegex(@"cache state: [0-9]+ prompts, (?<size>[0-9.]+) MiB", RegexOptions.None, 1000)]
    private static partial Regex PromptCacheLine();
}
