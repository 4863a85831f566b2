using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>The figures of <c>model_runner_store_models</c> and <c>model_runner_store_bytes</c>.</summary>
public sealed class SourceSizesTests : IDisposable
{
    private const string Library = "registry.ollama.ai/library";
    private readonly SourceBed _bed = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void A_file_counts_once_in_each_source_and_with_its_projector()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        Assert.True(HardLink.TryCreate(_bed.Folder.PathOf("models/own.gguf"), _bed.Folder.PathOf("models/again.gguf")));
        byte[] eyes = new Gguf.GgufBuilder().Text("general.architecture", "clip").Build();
        _bed.Folder.AddToHuggingFace("lab/seer", "Seer-Q4_0.gguf", SourceBed.Model(2));
        _bed.Folder.AddToHuggingFace("lab/seer", "mmproj-F16.gguf", eyes);
        _bed.Folder.AddToOllama($"{Library}/wren/7b", [("model", SourceBed.Model(2))]);
        _bed.Folder.AddToOllama($"{Library}/wren/latest", [("model", SourceBed.Model(2))]);
        _bed.Folder.AddToOllama($"{Library}/tuned/latest", [("model", SourceBed.Model(2)), ("params", """{"num_ctx":512}"""u8.ToArray())]);
        _bed.Folder.AddToOllama($"{Library}/cloud/latest", [], """{"remote_host":"https://ollama.com"}""");
        long size = SourceBed.Model(1).Length;
        int others = """{"model_format":"gguf"}""".Length + """{"num_ctx":512}""".Length;

        ModelCatalog catalog = _bed.Catalog();
        Assert.Empty(catalog.Sizes);
        catalog.List();

        Assert.Equal(
            [
                new SourceSize("folder", 2, size), new SourceSize("huggingface", 1, size + eyes.Length), new SourceSize("llama.cpp", 0, 0),
                new SourceSize("ollama", 2, size + others), new SourceSize("lmstudio", 0, 0),
            ],
            catalog.Sizes);
        Assert.Equal(2, Assert.Single(catalog.ListSources(), static source => source.Kind == SourceKind.Ollama).Models);
    }

    [Fact]
    public async Task They_follow_the_disk_without_any_request_and_are_not_read_by_asking_for_them()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        using ModelCatalog catalog = _bed.Catalog();
        catalog.Start();
        await WaitAsync(() => catalog.Sizes is [{ Models: 1 }, ..]);

        _bed.Folder.Write("models/second.gguf", SourceBed.Model(2));
        Assert.Equal(1, catalog.Sizes[0].Models);
        await WaitAsync(() =>
        {
            _bed.Time.Advance(BackgroundScan<StoreListing>.UnwatchedInterval);
            return catalog.Sizes is [{ Models: 2 }, ..];
        });
    }

    /// <summary>The label is a closed list: another name would be a series that no dashboard knows.</summary>
    [Fact]
    public void The_document_lists_each_source()
    {
        string row = File.ReadLines(Path.Join(Repository.Root, "docs", "metrics.md"))
            .Single(static line => line.StartsWith($"| `{MetricFamilies.StoreModels.Name}`", StringComparison.Ordinal));
        Assert.All(
            [SourceSizes.Folder, .. Enum.GetValues<SourceKind>().Select(SourceText.Format)],
            source => Assert.Contains($"`{source}`", row, StringComparison.Ordinal));
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        long start = TimeProvider.System.GetTimestamp();
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "the sizes did not follow");
            await timer.WaitForNextTickAsync(Token);
        }
    }
}
