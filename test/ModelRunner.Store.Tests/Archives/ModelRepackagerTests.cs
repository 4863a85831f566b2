using System.Text;
using System.Text.Json;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;

namespace ModelRunner.Store.Tests.Archives;

public sealed class ModelRepackagerTests : IDisposable
{
    private const string Source = "docker.io/ai/a:latest";
    private const string Target = "docker.io/ai/a:8k";

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repackaged_model_has_the_same_layers_and_its_own_context()
    {
        MadeArtifact made = MadeArtifact.Of((MediaTypes.Gguf, new byte[1000]), (MediaTypes.License, "free"u8.ToArray()));
        StoreEntry source = await _fixture.AddAsync(made, Source);

        StoreEntry target = await RepackageAsync(source, 8192);

        Assert.NotEqual(source.Id, target.Id);
        Assert.Equal([Target], target.Tags);
        ArtifactManifest manifest = ManifestFile.Read(_fixture.Folder, target.Id)!;
        Assert.Equal(made.Read().Layers, manifest.Layers);
        ArtifactConfig config = ManifestFile.ReadConfig(_fixture.Folder, manifest);
        Assert.Equal((8192, "Q4_0", "gguf"), (config.ContextSize, config.Quantization, config.Format));
        Assert.Equal(4, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
        Assert.Equal(target.Id, (await RepackageAsync(source, 8192)).Id);

        await _fixture.Store.RemoveAsync(source.Id, Cancellation);
        Assert.All(manifest.Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    [Fact]
    public async Task The_listing_has_the_context_of_the_repackaged_model_only()
    {
        StoreEntry source = await _fixture.AddAsync(MadeArtifact.Of([[1, 2, 3]]), Source);
        await RepackageAsync(source, 8192);
        ForeignListing listing = ArtifactStore.List([_fixture.Folder.Root], new ForeignScan(_fixture.Time, new ScanLimits()));
        Assert.Equal([("ai/a:8k", 8192), ("ai/a:latest", null)], listing.Models.Select(static model => (model.Name, model.MaxContext)).Order());
    }

    [Fact]
    public void Members_that_are_not_known_stay()
    {
        byte[] changed = ConfigWriter.WithContext("""{"x":[1,{"y":"ü+"}],"config":{"context_size":4,"z":null},"w":1.50}"""u8.ToArray(), 9);
        Assert.Equal("""{"config":{"z":null,"context_size":9},"x":[1,{"y":"ü+"}],"w":1.50}""", Encoding.UTF8.GetString(changed));
        byte[] manifest = ManifestWriter.WithConfig(
            """{"a":1,"config":{"mediaType":"old"},"annotations":{"b":"c"}}"""u8.ToArray(), new Descriptor("t+json", ContentHash.Of([]), 5));
        using var read = JsonDocument.Parse(manifest);
        Assert.Equal(["a", "config", "annotations"], read.RootElement.EnumerateObject().Select(static member => member.Name));
        Assert.Contains("\"t+json\"", Encoding.UTF8.GetString(manifest), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"config":{"architecture":"llama","context_size":4096,"gguf":{"llama.context_length":"131072"}}}""", 4096)]
    [InlineData("""{"config":{"architecture":"llama","context_size":131072,"gguf":{"llama.context_length":"131072"}}}""", null)]
    [InlineData("""{"config":{"architecture":"llama","context_size":4096}}""", 4096)]
    [InlineData("""{"config":{"architecture":"llama","gguf":{"llama.context_length":"131072"}}}""", null)]
    [InlineData("""{"config":{"context_size":-1}}""", null)]
    public void A_context_was_chosen_if_it_is_not_the_trained_one(string config, int? chosen) =>
        Assert.Equal(chosen, ConfigReader.Read(Encoding.UTF8.GetBytes(config)).ChosenContext);

    [Fact]
    public async Task A_damaged_configuration_is_an_error()
    {
        MadeArtifact made = MadeArtifact.Of([[1, 2, 3]]);
        StoreEntry source = await _fixture.AddAsync(made, Source);
        string config = _fixture.Folder.BlobOf(made.Read().Config.Digest);
        await File.WriteAllTextAsync(config, "no JSON".PadRight((int)new FileInfo(config).Length), Cancellation);
        Assert.StartsWith(
            "the model has a configuration",
            (await Assert.ThrowsAsync<UnsupportedModelException>(() => RepackageAsync(source, 8192))).Message, StringComparison.Ordinal);
        File.Delete(_fixture.Folder.BlobOf(made.Read().Config.Digest));
        await Assert.ThrowsAsync<StoreException>(() => RepackageAsync(source, 8192));
    }

    public void Dispose() => _fixture.Dispose();

    private Task<StoreEntry> RepackageAsync(StoreEntry source, int tokens) =>
        new ModelRepackager(_fixture.Store, TimeProvider.System).RepackageAsync(source, Target, tokens, Cancellation);
}
