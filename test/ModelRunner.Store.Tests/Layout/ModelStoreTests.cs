using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

public sealed class ModelStoreTests : IDisposable
{
    private const string Name = "docker.io/ai/a:latest";
    private const string Other = "docker.io/ai/b:latest";

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_new_store_has_the_layout_of_Docker_Model_Runner()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);

        StoreEntry entry = await _fixture.AddAsync(made, Name);

        Assert.Equal(made.Id, entry.Id);
        Assert.Equal("""{"version":"1.0.0"}""", Compact(_fixture.Folder.LayoutFile));
        string files = string.Join(',', made.Read().Files.Reverse().Select(static file => $"\"{file.Digest}\""));
        Assert.Equal($$"""{"models":[{"id":"{{made.Id}}","tags":["{{Name}}"],"files":[{{files}}]}]}""", Compact(_fixture.Folder.IndexFile));
        Assert.Equal(made.Manifest, await File.ReadAllBytesAsync(_fixture.Folder.ManifestOf(made.Id), Token));
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(_fixture.Folder.BlobOf(ContentHash.Of([1, 2, 3])), Token));
        Assert.Equal(2, StoreFixture.FilesIn(_fixture.Folder.Blobs).Length);
        Assert.False(Directory.Exists(_fixture.Folder.Bundles));
        Assert.True(StoreFolder.IsStore(_fixture.Folder.Root));
    }

    [Fact]
    public async Task The_parts_of_a_model_get_the_names_that_llama_cpp_expects()
    {
        MadeArtifact made = MadeArtifact.Of([1], [2]);

        await _fixture.AddAsync(made, Name);

        IReadOnlyList<string> parts = BundleFolder.PartsOf(_fixture.Folder, made.Id, 2);
        Assert.Equal(["model-00001-of-00002.gguf", "model-00002-of-00002.gguf"], parts.Select(static part => Path.GetFileName(part)));
        Assert.Equal([1], await File.ReadAllBytesAsync(parts[0], Token));
        Assert.Equal([2], await File.ReadAllBytesAsync(parts[1], Token));
        Assert.Equal(2u, FileStatus.OfLink(parts[0]).Links);

        await _fixture.Store.RemoveAsync(made.Id, Token);
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Bundles));
        Assert.Empty(StoreFixture.FilesIn(_fixture.Folder.Blobs));
    }

    [Fact]
    public async Task A_model_whose_files_are_not_all_there_is_not_listed()
    {
        MadeArtifact made = MadeArtifact.Of([1, 2, 3]);
        await _fixture.PutFilesAsync(made);
        File.Delete(_fixture.Folder.BlobOf(made.Read().Layers[0].Digest));

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => _fixture.Store.AddAsync(made.Manifest, Name, Token));

        Assert.Equal(StoreErrorReason.MissingFile, failure.Reason);
        Assert.Empty(_fixture.Store.Read().Entries);
    }

    [Fact]
    public async Task A_name_that_is_given_again_leaves_the_other_model_without_it()
    {
        (MadeArtifact first, MadeArtifact second) = (MadeArtifact.Of([1]), MadeArtifact.Of([2]));
        await _fixture.AddAsync(first, Name);
        await _fixture.AddAsync(second, Name);

        StoreIndex index = _fixture.Store.Read();
        Assert.Equal(second.Id, index.Find(Name)!.Id);
        Assert.Empty(index.Find(first.Id)!.Tags);
    }

    /// <summary>The first name is the one of runners and metrics. A load of the same archive, a pull and a tag must not change it.</summary>
    [Fact]
    public async Task A_name_that_the_model_has_already_keeps_its_place()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.AddAsync(made, Name);
        await _fixture.Store.TagAsync(made.Id, Other, Token);
        string before = await File.ReadAllTextAsync(_fixture.Folder.IndexFile, Token);

        StoreEntry added = await _fixture.AddAsync(made, Name);
        StoreEntry tagged = await _fixture.Store.TagAsync(made.Id, Name, Token);

        Assert.Equal([Name, Other], added.Tags);
        Assert.Equal([Name, Other], tagged.Tags);
        Assert.Equal(before, await File.ReadAllTextAsync(_fixture.Folder.IndexFile, Token));
    }

    [Fact]
    public async Task The_last_name_takes_the_model_and_the_files_of_no_other_model_with_it()
    {
        byte[] shared = [7, 7];
        (MadeArtifact first, MadeArtifact second) = (MadeArtifact.Of(shared, [1]), MadeArtifact.Of(shared, [2, 2]));
        await _fixture.AddAsync(first, Name);
        await _fixture.AddAsync(second, Other);
        await _fixture.Store.TagAsync(first.Id, "docker.io/ai/c:latest", Token);

        RemovedModel untagged = await _fixture.Store.UntagAsync(Name, Token);
        Assert.Equal([Name], untagged.Untagged);
        Assert.Null(untagged.Deleted);

        RemovedModel removed = await _fixture.Store.UntagAsync("docker.io/ai/c:latest", Token);
        Assert.Equal(first.Id, removed.Deleted);
        Assert.True(File.Exists(_fixture.Folder.BlobOf(ContentHash.Of(shared))));
        Assert.False(File.Exists(_fixture.Folder.BlobOf(ContentHash.Of([1]))));
        Assert.All(second.Read().Files, file => Assert.True(_fixture.Store.Has(file)));
        Assert.Equal([second.Id], _fixture.Store.Read().Entries.Select(static entry => entry.Id));
    }

    [Fact]
    public async Task Several_names_and_models_are_removed_in_one_change()
    {
        (MadeArtifact first, MadeArtifact second) = (MadeArtifact.Of([1]), MadeArtifact.Of([2]));
        await _fixture.AddAsync(first, Name);
        await _fixture.Store.TagAsync(first.Id, Other, Token);
        await _fixture.AddAsync(second, "docker.io/ai/c:latest");

        IReadOnlyList<RemovedModel> removed = await _fixture.Store.RemoveAsync(
            list => Task.FromResult<IReadOnlyList<(StoreEntry, string?)>>([(list.Find(first.Id)!, Name), (list.Find(second.Id)!, null)]), Token);

        Assert.Equal([null, second.Id], removed.Select(static model => model.Deleted));
        StoreEntry left = Assert.Single(_fixture.Store.Read().Entries);
        Assert.Equal((first.Id, Other), (left.Id, Assert.Single(left.Tags)));
        Assert.False(File.Exists(_fixture.Folder.BlobOf(ContentHash.Of([2]))));
    }

    /// <summary>To write over such a list would lose every model in it.</summary>
    [Theory]
    [InlineData("models.json", "{", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", "[]", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", "{}", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", """{"models":7}""", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", """{"models":[{"id":"sha256:../../x"}]}""", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", """{"models":[{"id":7}]}""", nameof(StoreErrorReason.Damaged))]
    [InlineData("models.json", """{"models":[{"id":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","tags":[null]}]}""", nameof(StoreErrorReason.Damaged))]
    [InlineData("layout.json", """{"version":"2.0.0"}""", nameof(StoreErrorReason.Newer))]
    [InlineData("layout.json", "x", nameof(StoreErrorReason.Damaged))]
    public async Task A_list_that_cannot_be_understood_stays_as_it_is(string name, string content, string reason)
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.PutFilesAsync(made);
        string path = Path.Join(_fixture.Folder.Root, name);
        await File.WriteAllTextAsync(path, content, Token);

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => _fixture.Store.AddAsync(made.Manifest, Name, Token));

        Assert.Equal(reason, failure.Reason.ToString());
        Assert.DoesNotContain(_fixture.Folder.Root, failure.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(path, Token));
    }

    /// <summary>Docker Model Runner writes null when the last model was removed.</summary>
    [Theory]
    [InlineData("""{"models":null}""")]
    [InlineData("""{"models":[]}""")]
    public async Task A_list_without_models_is_empty(string content)
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.PutFilesAsync(made);
        await File.WriteAllTextAsync(_fixture.Folder.IndexFile, content, Token);

        Assert.Empty(_fixture.Store.Read().Entries);
        await _fixture.Store.AddAsync(made.Manifest, Name, Token);
        Assert.Single(_fixture.Store.Read().Entries);
    }

    [Fact]
    public async Task Changes_of_two_stores_in_one_folder_do_not_lose_each_other()
    {
        MadeArtifact[] all = [.. Enumerable.Range(0, 20).Select(static number => MadeArtifact.Of([(byte)number]))];
        foreach (MadeArtifact made in all)
            await _fixture.PutFilesAsync(made);
        var second = new ModelStore(_fixture.Folder, TimeProvider.System);
        var first = new ModelStore(_fixture.Folder, TimeProvider.System);

        await Task.WhenAll(all.Select((made, number) =>
            Task.Run(() => (number % 2 == 0 ? first : second).AddAsync(made.Manifest, $"docker.io/ai/m{number}:latest", Token), Token)));

        Assert.Equal(all.Length, _fixture.Store.Read().Entries.Count);
    }

    [Fact]
    public async Task A_lock_of_another_process_is_reported_after_some_time()
    {
        MadeArtifact made = MadeArtifact.Of([1]);
        await _fixture.PutFilesAsync(made);
        using FileLock taken = FileLock.TryTake(_fixture.Folder.LockFile)!;

        Task<StoreEntry> adding = _fixture.Store.AddAsync(made.Manifest, Name, Token);
        while (!adding.IsCompleted)
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(StoreErrorReason.Busy, (await Assert.ThrowsAsync<StoreException>(() => adding)).Reason);
    }

    private static string Compact(string path) =>
        string.Concat(File.ReadAllText(path).Where(static character => !char.IsWhiteSpace(character)));
}
