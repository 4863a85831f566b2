using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>A disk without a free byte: the list of models cannot be written before something was removed.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Name = "docker.io/ai/a:latest";
    private const string Other = "docker.io/ai/b:latest";

    private readonly StoreFixture _fixture = new();
    private readonly List<string> _steps = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_model_is_removed_and_its_largest_file_makes_the_space()
    {
        MadeArtifact made = MadeArtifact.Of(new byte[5000]), other = MadeArtifact.Of([2]);
        await _fixture.AddAsync(made, Name);
        await _fixture.AddAsync(other, Other);

        RemovedModel removed = await Full(needs: 1).UntagAsync(Name, Token);

        Assert.Equal(made.Id, removed.Deleted);
        Assert.Equal(["lock", "index", "delete", "index"], _steps.Take(4));
        Assert.Equal([other.Id], _fixture.Store.Read().Entries.Select(static entry => entry.Id));
        Assert.Equal(other.Files.Keys.Select(static file => file.Hex).Order(StringComparer.Ordinal), StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    /// <summary>Parts have a second name in their bundle, and small models hold little. So one removal may not be enough.</summary>
    [Fact]
    public async Task Files_are_removed_until_the_list_can_be_written_and_a_crash_leaves_no_wrong_file()
    {
        byte[] shared = [7, 7];
        MadeArtifact made = MadeArtifact.Of(shared, [1]), other = MadeArtifact.Of(shared, [2]);
        await _fixture.AddAsync(made, Name);
        await _fixture.AddAsync(other, Other);

        await Assert.ThrowsAsync<CrashException>(() => Full(needs: 3, crashAfter: 1).RemoveAsync(made.Id, Token));

        // The list still has both. One lacks files, which is seen, and the other is whole.
        Assert.Equal(2, _fixture.Store.Read().Entries.Count);
        Assert.Contains(made.Read().Files, file => !_fixture.Store.Has(file));
        Assert.All(other.Read().Files, file => Assert.True(ContentHash.Matches(File.ReadAllBytes(_fixture.Folder.BlobOf(file.Digest)), file.Digest)));

        // To remove it again ends the removal, and to pull it again mends it.
        Assert.Equal(made.Id, (await Full(needs: 1).RemoveAsync(made.Id, Token)).Deleted);
        Assert.Equal([other.Id], _fixture.Store.Read().Entries.Select(static entry => entry.Id));
        await _fixture.AddAsync(made, Name);
        Assert.All(made.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    [Fact]
    public async Task Unneeded_files_are_removed_first_and_partial_files_last()
    {
        MadeArtifact made = MadeArtifact.Of([1]), pulled = MadeArtifact.Of([3, 3, 3]);
        await _fixture.AddAsync(made, Name);
        Descriptor partial = await StoreFixture.PutPartialAsync(_fixture.Folder, pulled, 2);
        string unfinished = $"{_fixture.Folder.BlobOf(partial.Digest)}.load{StoreFolder.PartialEnding}";
        await File.WriteAllBytesAsync(unfinished, new byte[10], Token);

        await Full(needs: 1).RemoveAsync(made.Id, Token);
        Assert.False(File.Exists(unfinished));
        Assert.Equal(2, PartialBlob.LengthOf(_fixture.Folder, partial));

        // The manifest, the configuration and the weights are not enough.
        await _fixture.AddAsync(made, Name);
        await Full(needs: 4).RemoveAsync(made.Id, Token);
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    /// <summary>Setting a file aside makes it young.</summary>
    [Fact]
    public async Task A_file_that_was_just_set_aside_is_removed_before_those_of_the_model()
    {
        MadeArtifact made = MadeArtifact.Of(new byte[5000]), other = MadeArtifact.Of([2]);
        await _fixture.AddAsync(made, Name);
        await _fixture.AddAsync(other, Other);
        string weights = _fixture.Folder.BlobOf(other.Read().Layers[0].Digest);
        Assert.True(await _fixture.Store.SetAsideAsync(weights, FileStatus.OfLink(weights), Token));

        // To take one of several names away removes only such files.
        await _fixture.Store.TagAsync(made.Id, "docker.io/ai/c:latest", Token);
        await Full(needs: 1).UntagAsync(Name, Token);

        Assert.False(File.Exists(weights + StoreFolder.DamagedEnding));
        Assert.All(made.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
    }

    /// <summary>Docker Model Runner does not lock the files that it fetches.</summary>
    [Fact]
    public async Task A_young_partial_file_stays_in_a_shared_store()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.AddAsync(made, Name);
        Descriptor partial = await StoreFixture.PutPartialAsync(_fixture.Folder, MadeArtifact.Of([3, 3, 3]), 2);

        await Assert.ThrowsAsync<StoreException>(() => Full(needs: 4, isShared: true).RemoveAsync(made.Id, Token));

        Assert.Equal(2, PartialBlob.LengthOf(_fixture.Folder, partial));
    }

    /// <summary>A name takes no space away. Nothing is worth less than it.</summary>
    [Fact]
    public async Task One_of_two_names_costs_no_file()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.AddAsync(made, Name);
        await _fixture.Store.TagAsync(made.Id, Other, Token);
        await StoreFixture.PutPartialAsync(_fixture.Folder, MadeArtifact.Of([3, 3, 3]), 2);
        _fixture.Time.Advance(TimeSpan.FromHours(2));

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => Full(needs: 1).UntagAsync(Name, Token));

        Assert.Equal(StoreErrorReason.NoSpace, failure.Reason);
        Assert.Contains("model-runner prune", failure.Message, StringComparison.Ordinal);
        Assert.Equal([Name, Other], _fixture.Store.Read().Find(made.Id)!.Tags);
        Assert.Equal(3, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
    }

    [Fact]
    public async Task A_file_that_is_being_sent_stays()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.AddAsync(made, Name);
        using IDisposable held = _fixture.Store.Holds.Hold([.. made.Files.Keys]);

        await Full(needs: 1).RemoveAsync(made.Id, Token);

        Assert.All(made.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
        Assert.Empty(_fixture.Store.Read().Entries);
    }

    // A store on a disk on which the list can be written after some files were removed.
    private ModelStore Full(int needs, int crashAfter = int.MaxValue, bool isShared = false)
    {
        _steps.Clear();
        return new ModelStore(_fixture.Folder with { BeforeStep = Step, IsShared = isShared }, _fixture.Time, _fixture.Store.Holds);

        void Step(string step)
        {
            _steps.Add(step);
            int freed = _steps.Count(static done => done == "delete");
            if (step == "delete" && freed > crashAfter)
                throw new CrashException();
            if (step == "index" && freed < needs)
                throw new IOException("full", DiskSpace.ErrorFull);
        }
    }
}
