using CsCheck;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

public sealed class StoreCollectorTests : IDisposable
{
    private const string Name = "docker.io/ai/a:latest";

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Files_without_a_model_are_kept_for_seven_days()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.PutFilesAsync(made);
        await _fixture.AddAsync(MadeArtifact.Of([9]), Name);

        _fixture.Time.Advance(StoreCollector.MinAge - TimeSpan.FromMinutes(1));
        Assert.Equal(default, await _fixture.Store.CollectAsync(isDryRun: false, Token));

        _fixture.Time.Advance(TimeSpan.FromMinutes(2));
        CollectedFiles counted = await _fixture.Store.CollectAsync(isDryRun: true, Token);
        Assert.Equal(2, counted.Files);
        Assert.Equal(counted, await _fixture.Store.CollectAsync(isDryRun: false, Token));
        Assert.All(made.Read().Files, file => Assert.False(_fixture.Store.Has(file)));
    }

    [Fact]
    public async Task Files_that_a_pull_needs_are_kept()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.PutFilesAsync(made);
        await _fixture.AddAsync(MadeArtifact.Of([9]), Name);
        _fixture.Time.Advance(TimeSpan.FromDays(8));

        using (_fixture.Store.Holds.Hold([.. made.Files.Keys]))
            Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);

        Assert.Equal(2, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
    }

    [Fact]
    public async Task An_incomplete_file_is_kept_for_seven_days()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.AddAsync(MadeArtifact.Of([9]), Name);
        using (PartialBlob partial = PartialBlob.TryOpen(_fixture.Folder, made.Read().Layers[0])!)
            await partial.AppendAsync(new byte[] { 1 }, Token);

        _fixture.Time.Advance(StoreCollector.MinAge - TimeSpan.FromHours(1));
        Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
        _fixture.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(1, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
    }

    /// <summary>Setting a file aside makes it young. Whoever prunes after that wants its space.</summary>
    [Fact]
    public async Task A_damaged_file_is_kept_for_seven_days_and_a_prune_removes_it_at_once()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.AddAsync(made, Name);
        string path = _fixture.Folder.BlobOf(made.Read().Layers[0].Digest);
        Assert.True(await _fixture.Store.SetAsideAsync(path, FileStatus.OfLink(path), Token));
        Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);

        IReadOnlyList<StoreLeftover> removed =
            await _fixture.Store.PruneAsync(
                new LeftoverAges(StoreCollector.MinAgeOnDemand, StoreCollector.MinAgeOnDemand, TimeSpan.MinValue), isDryRun: false, Token);

        Assert.Equal(LeftoverKind.Damaged, Assert.Single(removed).Kind);
        Assert.False(File.Exists(path + StoreFolder.DamagedEnding));
    }

    [Fact]
    public async Task Files_of_others_are_not_touched()
    {
        await _fixture.AddAsync(MadeArtifact.Of([1]), Name);
        string foreign = Path.Join(_fixture.Folder.Blobs, "sha256", "README");
        await File.WriteAllTextAsync(foreign, "x", Token);
        _fixture.Time.Advance(TimeSpan.FromDays(30));

        await _fixture.Store.CollectAsync(isDryRun: false, Token);

        Assert.True(File.Exists(foreign));
    }

    /// <summary>The error about a damaged list says that the user can move it away. Then nothing may be lost.</summary>
    [Fact]
    public async Task Without_a_list_nothing_is_removed()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.AddAsync(made, Name);
        File.Delete(_fixture.Folder.IndexFile);
        _fixture.Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
        Assert.All(made.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    /// <summary>The manifest of a model may be lost. Its entry in the list still names its files, and the other way round.</summary>
    [Fact]
    public async Task The_files_of_a_model_without_its_manifest_are_kept()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.AddAsync(made, Name);
        File.Delete(_fixture.Folder.ManifestOf(made.Id));
        _fixture.Time.Advance(TimeSpan.FromDays(30));

        Assert.Equal(0, (await _fixture.Store.CollectAsync(isDryRun: false, Token)).Files);
        Assert.All(made.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    /// <summary>
    /// Any order of pulls, removals, names, collections and crashes (a change that ends after the list was written, or after a file was): a model
    /// in the list always has all its files, with the right bytes.
    /// </summary>
    [Fact]
    public void A_model_in_the_list_always_has_its_files()
    {
        byte[][] contents = [.. Enumerable.Range(0, 6).Select(static number => new byte[] { (byte)number, 1 })];
        Gen<(int Kind, int First, int Second, int Name)> step = Gen.Select(Gen.Int[0, 7], Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 3]);

        step.Array[1, 40].Sample(
            steps =>
            {
                using var fixture = new StoreFixture();
                foreach ((int kind, int first, int second, int name) in steps)
                    Do(fixture, kind, MadeArtifact.Of(contents[first], contents[second]), $"docker.io/ai/m{name}:latest").GetAwaiter().GetResult();
                AssertWhole(fixture);
            },
            iter: 200);
    }

    private static async Task Do(StoreFixture fixture, int kind, MadeArtifact made, string tag)
    {
        StoreIndex index = fixture.Store.Read();
        switch (kind)
        {
            case 0 or 1:
                await fixture.AddAsync(made, tag);
                break;
            case 2:
                // A pull that crashed before it was listed, or whose connection was cut.
                await fixture.PutFilesAsync(made);
                break;
            case 3 when index.Find(tag) is not null:
                await fixture.Store.UntagAsync(tag, Token);
                break;
            case 4 when index.Entries.Count > 0:
                await fixture.Store.RemoveAsync(index.Entries[tag.Length % index.Entries.Count].Id, Token);
                break;
            case 5:
                await fixture.Store.CollectAsync(isDryRun: false, Token);
                break;
            case 6:
                fixture.Time.Advance(TimeSpan.FromDays(8));
                break;
            case 7 when index.Find(tag) is { } entry:
                // A removal that crashed after the new list was written.
                StoreIndexFile.Write(fixture.Folder, index.Without(entry.Id));
                break;
        }
    }

    private static void AssertWhole(StoreFixture fixture)
    {
        foreach (StoreEntry entry in fixture.Store.Read().Entries)
        {
            Assert.Equal(entry.Id, ContentHash.Of(ManifestFile.ReadBytes(fixture.Folder, entry.Id)));
            Assert.All(entry.Files, file => Assert.True(ContentHash.Matches(File.ReadAllBytes(fixture.Folder.BlobOf(file)), file)));
        }
    }
}
