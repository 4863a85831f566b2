using ModelRunner.Store.Archives;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;

namespace ModelRunner.Store.Tests.Checks;

/// <summary>A file that a disk has damaged is found, set aside, and fetched again by the next pull.</summary>
public sealed class CheckRunnerTests : IDisposable
{
    private static readonly Func<StoreEntry, CancellationToken, Task<bool>> NeverLoaded = static (_, _) => Task.FromResult(false);

    private static readonly byte[] Weights = [.. "GGUF"u8, .. Enumerable.Range(0, 3_000_000).Select(static number => (byte)(number * 7))];

    private readonly PullFixture _fixture = new();
    private readonly CheckRunner _runner;
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    public CheckRunnerTests() => _runner = new CheckRunner(_fixture.Store);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Blob => _fixture.Store.Folder.BlobOf(_made.Read().Layers[0].Digest);

    public void Dispose()
    {
        _runner.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_damaged_file_is_named_and_set_aside_and_a_pull_repairs_it()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Assert.Empty(Assert.Single((await CheckAsync()).Models).Bad);
        Damage(Blob);

        (StoreCheck check, IReadOnlyList<CheckedModel> models) = await CheckAsync();

        CheckedFile bad = Assert.Single(Assert.Single(models).Bad);
        Assert.Equal((FileCondition.Damaged, true, _made.Read().Layers[0].Digest), (bad.Condition, bad.IsSetAside, bad.File.Digest));
        Assert.NotEqual(bad.File.Digest, bad.Found);
        Assert.All(check.Files, static file => Assert.Equal(file.File.Size, file.Bytes));
        Assert.Equal(
            $"lacks the file {bad.File.Digest} in the model store, which was damaged and is set aside; pull, load or package the model again", Assert.Single(List()).Problem);
        Assert.Equal(LeftoverKind.Damaged, Assert.Single(_fixture.Store.FindLeftovers()).Kind);
        Assert.Equal(FileCondition.Missing, Assert.Single(Assert.Single((await CheckAsync()).Models).Bad).Condition);

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);
        Assert.Equal(3, registry.Requests);
        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Empty(_fixture.Store.FindLeftovers());
        Assert.Empty(Assert.Single((await CheckAsync()).Models).Bad);
        Assert.Null(Assert.Single(List()).Problem);
    }

    [Fact]
    public async Task The_file_of_a_loaded_model_stays_where_it_is()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync(isLoaded: true)).Models).Bad);

        Assert.Equal((FileCondition.Damaged, true, false), (bad.Condition, bad.IsLoaded, bad.IsSetAside));
        Assert.True(File.Exists(Blob));
    }

    /// <summary>The manifest is not one of the files that a pull looks for.</summary>
    [Fact]
    public async Task A_damaged_manifest_is_repaired_too()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(_fixture.Store.Folder.ManifestOf(_made.Id));

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync()).Models).Bad);

        Assert.Equal((FileCondition.Damaged, true, true), (bad.Condition, bad.IsManifest, bad.IsSetAside));
        await _fixture.PullAsync(registry.Name);
        Assert.Empty(Assert.Single((await CheckAsync()).Models).Bad);
        await _fixture.Store.RemoveAsync(_made.Id, Token);
        Assert.Empty(_fixture.Store.FindLeftovers());
    }

    /// <summary>The folder with the names of the parts leads to the damaged file, also after it was set aside.</summary>
    [Fact]
    public async Task A_part_that_was_set_aside_is_not_served_by_its_second_name()
    {
        MadeArtifact made = MadeArtifact.Of(Weights, [1, 2]);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(made);
        await _fixture.PullAsync(registry.Name);
        Assert.Equal(2, Assert.Single(List()).Shards.Count);
        Damage(Blob);

        await CheckAsync();

        ForeignModel listed = Assert.Single(List());
        Assert.Equal((1, 2), (listed.Shards.Count, listed.ShardCount));
        await _fixture.PullAsync(registry.Name);
        Assert.Equal(Weights, await File.ReadAllBytesAsync(Assert.Single(List()).Shards[0], Token));
    }

    /// <summary>A pull that was faster has put a good file there.</summary>
    [Fact]
    public async Task A_file_that_was_replaced_meanwhile_is_not_set_aside()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync(whileDamaged: Repair)).Models).Bad);

        Assert.False(bad.IsSetAside);
        _fixture.AssertHas(_made, registry.Name.ToString());

        void Repair()
        {
            File.Delete(Blob);
            File.WriteAllBytes(Blob, Weights);
        }
    }

    [Fact]
    public async Task A_file_that_is_repaired_in_place_between_the_two_reads_is_not_set_aside()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        using (FileStream file = File.OpenWrite(Blob))
            file.WriteByte(0);
        using var runner = new CheckRunner(_fixture.Store)
        {
            // As a repair behind the part that was read again: both reads find the same wrong bytes, and only the times tell.
            BeforeSecondRead = static path => File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path)),
        };

        IReadOnlyList<CheckedModel> models = await runner.RunAsync(
            new StoreCheck(_fixture.Store.Read().Entries), NeverLoaded, Token);

        CheckedFile bad = Assert.Single(Assert.Single(models).Bad);
        Assert.Equal((FileCondition.Unreadable, UnreadableCause.Changed, false), (bad.Condition, bad.Cause, bad.IsSetAside));
        Assert.True(File.Exists(Blob));
    }

    [Fact]
    public async Task A_link_to_a_damaged_file_is_set_aside()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);
        string copy = _fixture.Store.Folder.Root + ".copy";
        File.Move(Blob, copy);
        File.CreateSymbolicLink(Blob, copy);

        Assert.True(Assert.Single(Assert.Single((await CheckAsync()).Models).Bad).IsSetAside);

        Assert.False(File.Exists(Blob));
        Assert.True(File.Exists(copy));
    }

    [Fact]
    public async Task A_model_that_is_removed_during_the_check_is_not_reported()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        var check = new StoreCheck(_fixture.Store.Read().Entries);
        File.Delete(Blob);
        StoreIndexFile.Write(_fixture.Store.Folder, StoreIndex.Empty);

        Assert.Empty(await _runner.RunAsync(check, NeverLoaded, Token));
    }

    /// <summary>With thousands of models, the list is large. What is removed after that moment is reported.</summary>
    [Fact]
    public async Task The_list_is_read_once_for_all_models()
    {
        MadeArtifact other = MadeArtifact.Of(Weights, [1, 2]);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await using FakeRegistry second = await FakeRegistry.StartAsync(other);
        await _fixture.PullAsync(registry.Name);
        await _fixture.PullAsync(second.Name);
        var check = new StoreCheck(_fixture.Store.Read().Entries);
        Damage(_fixture.Store.Folder.ManifestOf(check.Entries[0].Id));

        IReadOnlyList<CheckedModel> models = await _runner.RunAsync(check, RemoveAll, Token);

        Assert.Equal(check.Entries, models.Select(static model => model.Entry));

        Task<bool> RemoveAll(StoreEntry entry, CancellationToken token)
        {
            StoreIndexFile.Write(_fixture.Store.Folder, StoreIndex.Empty);
            return Task.FromResult(false);
        }
    }

    [Fact]
    public async Task A_file_of_another_size_is_damaged_without_reading_it()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        using (FileStream file = File.OpenWrite(Blob))
            file.SetLength(1L << 42);

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync()).Models).Bad);

        Assert.Equal((FileCondition.Damaged, 1L << 42, null, true), (bad.Condition, bad.FoundSize, bad.Found, bad.IsSetAside));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_folder_in_the_place_of_a_file_is_named_with_its_cause(bool isManifest)
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        string path = isManifest ? _fixture.Store.Folder.ManifestOf(_made.Id) : Blob;
        File.Delete(path);
        Directory.CreateDirectory(path);

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync()).Models).Bad);

        Assert.Equal((FileCondition.Unreadable, UnreadableCause.NoFile, "is a folder"), (bad.Condition, bad.Cause, bad.Problem));
        Assert.Equal((isManifest, false), (bad.IsManifest, bad.IsSetAside));
        Assert.True(Directory.Exists(path));
    }

    [Fact]
    public async Task A_manifest_that_is_too_large_is_named_with_its_size_and_the_limit()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        using (FileStream manifest = File.OpenWrite(_fixture.Store.Folder.ManifestOf(_made.Id)))
            manifest.SetLength(5_000_000);

        CheckedFile bad = Assert.Single(Assert.Single((await CheckAsync()).Models).Bad);

        Assert.Equal((FileCondition.Unreadable, UnreadableCause.TooLarge), (bad.Condition, bad.Cause));
        Assert.Equal("has 5000000 bytes, and a manifest has at most 4194304", bad.Problem);
    }

    [Fact]
    public async Task A_damaged_file_of_two_models_is_read_once_and_named_for_both_and_one_loaded_model_keeps_it()
    {
        MadeArtifact other = MadeArtifact.Of(Weights, [1, 2]);
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await using FakeRegistry second = await FakeRegistry.StartAsync(other);
        await _fixture.PullAsync(registry.Name);
        await _fixture.PullAsync(second.Name);
        Damage(Blob);
        var asked = new HashSet<Digest>();

        (StoreCheck check, IReadOnlyList<CheckedModel> models) = await CheckAsync(IsLoaded);

        Assert.Equal(2, models.Count);
        Assert.All(models, model => Assert.Equal((_made.Read().Layers[0].Digest, true), (Assert.Single(model.Bad).File.Digest, model.Bad[0].IsLoaded)));
        Assert.Single(check.Files, file => file.File.Digest == _made.Read().Layers[0].Digest);
        Assert.Contains(other.Id, asked);
        Assert.True(File.Exists(Blob));

        models = (await CheckAsync()).Models;

        Assert.All(models, static model => Assert.True(Assert.Single(model.Bad).IsSetAside));
        Assert.False(File.Exists(Blob));

        bool IsLoaded(StoreEntry entry)
        {
            asked.Add(entry.Id);
            return entry.Id == other.Id;
        }
    }

    /// <summary>Then nobody knows who uses the file, so it stays.</summary>
    [Fact]
    public async Task Damage_is_reported_although_the_list_of_the_store_cannot_be_read_any_more()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);
        var check = new StoreCheck(_fixture.Store.Read().Entries);
        await File.WriteAllTextAsync(Path.Join(_fixture.Store.Folder.Root, "models.json"), "{", Token);

        CheckedFile bad = Assert.Single(Assert.Single(await _runner.RunAsync(check, NeverLoaded, Token)).Bad);

        Assert.Equal((FileCondition.Damaged, false), (bad.Condition, bad.IsSetAside));
        Assert.Contains("models.json", bad.Problem, StringComparison.Ordinal);
        Assert.True(File.Exists(Blob));
    }

    [Fact]
    public async Task A_check_can_be_ended_and_a_second_one_waits_for_its_turn()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);
        var gate = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        using var ending = new CancellationTokenSource();
        var first = new StoreCheck(_fixture.Store.Read().Entries);
        Task<IReadOnlyList<CheckedModel>> running = _runner.RunAsync(
            first,
            async (_, token) =>
            {
                reached.SetResult();
                await gate.Task.WaitAsync(token);
                return false;
            },
            ending.Token);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        var next = new StoreCheck(_fixture.Store.Read().Entries);
        Task<IReadOnlyList<CheckedModel>> second = _runner.RunAsync(next, NeverLoaded, Token);
        Assert.Equal((false, true, false), (first.IsWaiting, next.IsWaiting, second.IsCompleted));

        await ending.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(Assert.Single(Assert.Single(await second).Bad).IsSetAside);
        Assert.False(next.IsWaiting);
    }

    /// <summary>The bytes pass through this program anyway, so they are hashed. The end of a wrong file is never sent.</summary>
    [Fact]
    public async Task A_damaged_file_is_not_saved()
    {
        await using FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        Damage(Blob);
        using ModelArchive archive = ModelArchive.Open(_fixture.Store, _fixture.Store.Read().Entries[0], null);
        using var target = new MemoryStream();

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => archive.WriteAsync(target, Token));

        Assert.Contains($"the file {_made.Read().Layers[0].Digest} in the model store is damaged", failure.Message, StringComparison.Ordinal);
        Assert.True(target.Length < Weights.Length);
    }

    private Task<(StoreCheck Check, IReadOnlyList<CheckedModel> Models)> CheckAsync(bool isLoaded = false, Action? whileDamaged = null) =>
        CheckAsync(_ =>
        {
            whileDamaged?.Invoke();
            return isLoaded;
        });

    private async Task<(StoreCheck Check, IReadOnlyList<CheckedModel> Models)> CheckAsync(Func<StoreEntry, bool> isLoaded)
    {
        var check = new StoreCheck(_fixture.Store.Read().Entries);
        return (check, await _runner.RunAsync(check, (entry, _) => Task.FromResult(isLoaded(entry)), Token));
    }

    private IReadOnlyList<ForeignModel> List() => ArtifactStore.List([_fixture.Store.Folder.Root], new ForeignScan(TimeProvider.System, new ScanLimits())).Models;

    private static void Damage(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
