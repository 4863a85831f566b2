using ModelRunner.Store.Archives;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Pushes;
using ModelRunner.Store.Tests.Pulls;
using ModelRunner.Store.Tests.Registries;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>Another client changes the store while an operation waits for the lock, or after it has found its model.</summary>
public sealed class MeanwhileTests : IDisposable
{
    private const string Name = "docker.io/ai/a:latest";

    private readonly StoreFixture _fixture = new(TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_removal_chooses_from_the_list_that_it_has_under_the_lock()
    {
        StoreEntry first = await _fixture.AddAsync(MadeArtifact.Of([1]), Name);
        StoreEntry second = await _fixture.AddAsync(MadeArtifact.Of([2]), null);
        ModelStore store = Interrupted(() => _fixture.Store.TagAsync(second.Id, Name, Token));

        IReadOnlyList<RemovedModel> removed = await store.RemoveAsync(
            list => Task.FromResult<IReadOnlyList<(StoreEntry, string?)>>([(list.Find(Name)!, Name)]), Token);

        Assert.Equal(second.Id, Assert.Single(removed).Deleted);
        Assert.Equal(first.Id, Assert.Single(_fixture.Store.Read().Entries).Id);
    }

    [Fact]
    public async Task A_name_is_given_to_the_model_that_is_chosen_under_the_lock()
    {
        await _fixture.AddAsync(MadeArtifact.Of([1]), Name);
        StoreEntry second = await _fixture.AddAsync(MadeArtifact.Of([2]), null);
        ModelStore store = Interrupted(() => _fixture.Store.TagAsync(second.Id, Name, Token));

        StoreEntry tagged = await store.TagAsync(list => Task.FromResult(list.Find(Name)!), "docker.io/ai/b:latest", Token);

        Assert.Equal(second.Id, tagged.Id);
        Assert.Equal([Name, "docker.io/ai/b:latest"], tagged.Tags);
    }

    [Fact]
    public async Task A_file_that_is_taken_into_use_before_its_removal_stays()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        StoreEntry entry = await _fixture.AddAsync(made, Name);
        Digest weights = made.Read().Layers[0].Digest;
        IDisposable? held = null;
        var store = new ModelStore(_fixture.Folder with { BeforeStep = Hold }, TimeProvider.System, _fixture.Store.Holds);

        await store.RemoveAsync(entry.Id, Token);

        Assert.True(store.Has(made.Read().Layers[0]), "the file in use was removed");
        Assert.False(store.Has(made.Read().Config));
        held!.Dispose();

        void Hold(string step)
        {
            if (step == "delete")
                held ??= _fixture.Store.Holds.Hold([weights]);
        }
    }

    /// <summary>Before, the archive of such a model was an error of the server, as if its store were damaged.</summary>
    [Fact]
    public async Task A_model_that_was_removed_meanwhile_is_not_found()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        StoreEntry entry = await _fixture.AddAsync(made, Name);
        using var registry = new RegistryFixture();
        var pushes = new PushRunner(_fixture.Store);
        await _fixture.Store.RemoveAsync(entry.Id, Token);

        Assert.Equal(StoreErrorReason.NotFound, Assert.Throws<StoreException>(() => ModelArchive.Open(_fixture.Store, entry, Name)).Reason);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(
            () => new ModelRepackager(_fixture.Store, TimeProvider.System).RepackageAsync(entry, Name, 4096, Token));
        Assert.Equal(StoreErrorReason.NotFound, failure.Reason);
        PushOutcome outcome = await pushes.RunAsync(new Push(entry.Id, ArtifactNameParser.Parse(Name)), registry.Client, Token);
        Assert.Equal(PushResult.NotFound, outcome.Result);
    }

    /// <summary>The manifest may be there for a moment longer than the files.</summary>
    [Fact]
    public async Task A_model_whose_files_are_gone_is_not_found_only_if_it_was_removed()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        StoreEntry entry = await _fixture.AddAsync(made, Name);
        File.Delete(_fixture.Folder.BlobOf(made.Read().Layers[0].Digest));

        StoreException damaged = await Assert.ThrowsAsync<StoreException>(
            () => new ModelRepackager(_fixture.Store, TimeProvider.System).RepackageAsync(entry, Name, 4096, Token));
        Assert.Equal(StoreErrorReason.MissingFile, damaged.Reason);

        StoreIndexFile.Write(_fixture.Folder, StoreIndex.Empty);
        StoreException removed = await Assert.ThrowsAsync<StoreException>(
            () => new ModelRepackager(_fixture.Store, TimeProvider.System).RepackageAsync(entry, Name, 4096, Token));
        Assert.Equal(StoreErrorReason.NotFound, removed.Reason);
    }

    [Fact]
    public async Task A_pull_lists_a_model_again_that_is_removed_while_it_waits_for_the_lock()
    {
        byte[] weights = [.. "GGUF"u8, 1];
        MadeArtifact made = MadeArtifact.Of(weights);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        Func<Task>? meanwhile = null;
        using var pulls = new PullFixture(beforeStep: step => Run(ref meanwhile, step));
        await pulls.PullAsync(registry.Name);
        await pulls.Store.TagAsync(made.Id, Name, Token);
        await pulls.Store.UntagAsync(registry.Name.ToString(), Token);
        meanwhile = () => new ModelStore(pulls.Store.Folder with { BeforeStep = null }, TimeProvider.System, pulls.Store.Holds).UntagAsync(Name, Token);

        PullOutcome outcome = await pulls.PullAsync(registry.Name);

        Assert.Equal(PullResult.Unchanged, outcome.Result);
        Assert.Null(meanwhile);
        pulls.AssertHas(made, registry.Name.ToString());
    }

    private ModelStore Interrupted(Func<Task> meanwhile)
    {
        Func<Task>? once = meanwhile;
        return new ModelStore(_fixture.Folder with { BeforeStep = step => Run(ref once, step) }, TimeProvider.System);
    }

    private static void Run(ref Func<Task>? once, string step)
    {
        if (step != "lock" || once is not { } change)
            return;
        once = null;
        Assert.True(change().IsCompletedSuccessfully, "nobody has the lock");
    }
}
