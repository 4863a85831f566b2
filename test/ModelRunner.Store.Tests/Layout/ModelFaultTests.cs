using System.Text;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>What is said about a model whose files cannot be used: the list of models and everything that needs its files say the same.</summary>
public sealed class ModelFaultTests : IDisposable
{
    private const string Advice = "pull, load or package the model again";

    private readonly StoreFixture _fixture = new();
    private readonly MadeArtifact _made = MadeArtifact.Of((MediaTypes.Gguf, MadeArtifact.MakeWeights(3000)), (MediaTypes.License, "free"u8.ToArray()));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StoreFolder Folder => _fixture.Folder;

    private Digest Weights => _made.Read().Layers[0].Digest;

    public void Dispose() => _fixture.Dispose();

    /// <summary>Somebody may make such a manifest. Each mention cost the size of the file once more.</summary>
    [Fact]
    public async Task A_layer_that_is_named_many_times_is_one_part()
    {
        byte[] weights = MadeArtifact.MakeWeights(3000);
        MadeArtifact made = MadeArtifact.Of([.. Enumerable.Repeat(weights, 500)]);
        await _fixture.AddAsync(made, "docker.io/ai/many:latest");

        ForeignModel model = Assert.Single(List());

        Assert.Equal((null, 1), (model.Problem, model.ShardCount));
        Assert.Equal([Folder.BlobOf(made.Read().Layers[0].Digest)], model.Shards);
        Assert.False(Directory.Exists(Folder.Bundles));
    }

    [Fact]
    public async Task A_changed_manifest_that_can_be_read_is_the_cause_and_not_the_file_that_it_names()
    {
        StoreEntry entry = await AddAsync();
        string text = Encoding.UTF8.GetString(_made.Manifest).Replace(Weights.Hex, new string('0', 64), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Folder.ManifestOf(entry.Id), text, Cancellation);

        const string Fault = $"has a damaged manifest in the model store, whose bytes have another digest; {Advice}";
        Assert.Equal(Fault, Assert.Single(List()).Problem);
        AssertFault(entry, Fault);
    }

    [Fact]
    public async Task A_manifest_that_is_no_JSON_is_the_cause()
    {
        StoreEntry entry = await AddAsync();
        await File.WriteAllTextAsync(Folder.ManifestOf(entry.Id), "{", Cancellation);

        AssertFault(entry, $"has a damaged manifest in the model store, which is not JSON; {Advice}");
    }

    [Fact]
    public async Task A_manifest_that_is_not_there_may_have_been_set_aside()
    {
        StoreEntry entry = await AddAsync();
        string path = Folder.ManifestOf(entry.Id);
        File.Move(path, path + StoreFolder.DamagedEnding);

        AssertFault(entry, $"lacks its manifest in the model store, which was damaged and is set aside; {Advice}");
        File.Delete(path + StoreFolder.DamagedEnding);
        AssertFault(entry, $"lacks its manifest in the model store; {Advice}");
        Directory.CreateDirectory(path);
        AssertFault(entry, $"has a manifest in the model store that is a folder; remove the cause, or {Advice}");
    }

    [Fact]
    public async Task Known_damage_is_named_with_its_way_out_by_everything_that_needs_the_file()
    {
        StoreEntry entry = await AddAsync();
        Folder.Damage.Add(FileStatus.Of(Folder.BlobOf(Weights)));
        string fault = $"has the damaged file {Weights} in the model store, which could not be set aside; verify the model until it is set aside, then {Advice}";

        AssertFault(entry, fault);
        Assert.Equal(
            $"the model ai/a:latest {fault}", Assert.Throws<StoreException>(() => ModelArchive.Open(_fixture.Store, entry, null)).Message);
        Assert.Equal(
            $"the model ai/a:latest {fault}",
            (await Assert.ThrowsAsync<StoreException>(
                () => new ModelRepackager(_fixture.Store, _fixture.Time).RepackageAsync(entry, "docker.io/ai/b:latest", 4096, Cancellation))).Message);
    }

    [Fact]
    public async Task Damage_is_told_before_a_file_that_is_missing()
    {
        StoreEntry entry = await AddAsync();
        File.Delete(Folder.BlobOf(_made.Read().Config.Digest));
        using (FileStream weights = File.OpenWrite(Folder.BlobOf(Weights)))
            weights.SetLength(7);

        AssertFault(entry, $"has the damaged file {Weights}: it has 7 of 3000 bytes; {Advice}");
    }

    private Task<StoreEntry> AddAsync() => _fixture.AddAsync(_made, "docker.io/ai/a:latest");

    private void AssertFault(StoreEntry entry, string fault)
    {
        Assert.Equal(fault, Assert.Single(List()).Problem);
        StoreException failure = Assert.Throws<StoreException>(() => HeldModel.Open(_fixture.Store, entry.Id, entry.ShownName));
        Assert.Equal($"the model ai/a:latest {fault}", failure.Message);
        Assert.False(_fixture.Store.Holds.Contains(Weights));
    }

    private IReadOnlyList<ForeignModel> List() => ArtifactStore.List(
        [Folder.Root], new ForeignScan(TimeProvider.System, new ScanLimits()), Folder.Damage, static (bytes, id) => ContentHash.Matches(bytes, id)).Models;
}
