using ModelRunner.Store.Archives;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;

namespace ModelRunner.Store.Tests.Checks;

/// <summary>A file that a disk has damaged is found, set aside, and fetched again by the next pull.</summary>
public sealed class CheckRunnerTests : IDisposable
{
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
        Assert.Equal("lacks its files in the model store; pull it again", Assert.Single(List()).Problem);
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
        Task<IReadOnlyList<CheckedModel>> second = _runner.RunAsync(next, static (_, _) => Task.FromResult(false), Token);
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

    private async Task<(StoreCheck Check, IReadOnlyList<CheckedModel> Models)> CheckAsync(bool isLoaded = false, Action? whileDamaged = null)
    {
        var check = new StoreCheck(_fixture.Store.Read().Entries);
        IReadOnlyList<CheckedModel> models = await _runner.RunAsync(
            check,
            (_, _) =>
            {
                whileDamaged?.Invoke();
                return Task.FromResult(isLoaded);
            },
            Token);
        return (check, models);
    }

    private IReadOnlyList<ForeignModel> List() => ArtifactStore.List([_fixture.Store.Folder.Root], new ForeignScan(TimeProvider.System, new ScanLimits())).Models;

    private static void Damage(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
