using ModelRunner.Linux.Files;
using ModelRunner.Store.Checks;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Pulls;

namespace ModelRunner.Store.Tests.Checks;

/// <summary>A damaged file that cannot be set aside, as in a store that can only be read. It must not be served.</summary>
public sealed class KnownDamageTests : IDisposable
{
    private static readonly byte[] Weights = [.. "GGUF"u8, .. Enumerable.Range(0, 100_000).Select(static number => (byte)(number * 7))];

    private readonly PullFixture _fixture = new();
    private readonly CheckRunner _runner;
    private readonly MadeArtifact _made = MadeArtifact.Of(Weights);

    public KnownDamageTests() => _runner = new CheckRunner(_fixture.Store);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private StoreFolder Folder => _fixture.Store.Folder;

    private Digest File => _made.Read().Layers[0].Digest;

    private string Blob => Folder.BlobOf(File);

    public void Dispose()
    {
        _runner.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public async Task It_counts_as_missing_until_a_check_finds_it_right()
    {
        await using FakeRegistry registry = await PullAsync();
        DateTime written = System.IO.File.GetLastWriteTimeUtc(Blob);
        Change(Blob, written);
        Lock();

        CheckedFile bad = Assert.Single((await CheckAsync()).Bad);

        Assert.Equal((FileCondition.Damaged, false, StoreErrorReason.NotAccessible), (bad.Condition, bad.IsSetAside, bad.Refusal));
        Assert.Matches("^the model store cannot be written: [^;]+$", bad.Problem);
        Assert.Equal(
            $"has the damaged file {File} in the model store, which could not be set aside; verify the model until it is set aside, "
            + "then pull, load or package the model again",
            Problem());
        Assert.False(_fixture.Store.Has(_made.Read().Layers[0]));

        // As a repair that keeps the time of the file.
        Change(Blob, written);
        Assert.NotNull(Problem());
        Assert.Empty((await CheckAsync()).Bad);
        Assert.Null(Problem());
        Assert.True(_fixture.Store.Has(_made.Read().Layers[0]));
    }

    [Fact]
    public async Task A_pull_replaces_it_when_the_store_can_be_written()
    {
        await using FakeRegistry registry = await PullAsync();
        Change(Blob, System.IO.File.GetLastWriteTimeUtc(Blob));
        Lock();
        await CheckAsync();
        Unlock();

        Assert.Equal(PullResult.Success, (await _fixture.PullAsync(registry.Name)).Result);

        _fixture.AssertHas(_made, registry.Name.ToString());
        Assert.Null(Problem());
    }

    [Fact]
    public async Task It_is_set_aside_when_the_store_can_be_written()
    {
        await using FakeRegistry registry = await PullAsync();
        Change(Blob, System.IO.File.GetLastWriteTimeUtc(Blob));
        Lock();
        await CheckAsync();
        Unlock();

        Assert.True(Assert.Single((await CheckAsync()).Bad).IsSetAside);

        Assert.False(Folder.Damage.IsAny);
        Assert.StartsWith($"lacks the file {File} in the model store, which was damaged and is set aside; ", Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_manifest_is_refused_too()
    {
        await using FakeRegistry registry = await PullAsync();
        string manifest = Folder.ManifestOf(_made.Id);
        await System.IO.File.AppendAllTextAsync(manifest, " ", Token);
        Assert.Null(Problem());
        Lock();

        Assert.True(Assert.Single((await CheckAsync()).Bad).IsRefused);

        Assert.StartsWith($"has the damaged file {_made.Id} in the model store", Problem(), StringComparison.Ordinal);
    }

    /// <summary>Then the store can be written, so the way out is another one.</summary>
    [Fact]
    public async Task A_lock_that_another_process_has_is_named_with_its_reason()
    {
        await using FakeRegistry registry = await PullAsync();
        Change(Blob, System.IO.File.GetLastWriteTimeUtc(Blob));
        using FileLock taken = FileLock.TryTake(Folder.LockFile)!;

        CheckedFile bad = Assert.Single((await CheckAsync()).Bad);

        Assert.Equal((StoreErrorReason.Busy, "another process has had the lock of the model store, its file .lock, for 10 s"), (bad.Refusal, bad.Problem));
    }

    [Fact]
    public async Task A_check_that_is_ended_has_told_what_it_did()
    {
        MadeArtifact other = MadeArtifact.Of([.. Weights, 1]);
        await using FakeRegistry registry = await PullAsync();
        await using FakeRegistry second = await FakeRegistry.StartAsync(other);
        await _fixture.PullAsync(second.Name);
        Change(Blob, System.IO.File.GetLastWriteTimeUtc(Blob));
        string last = Folder.BlobOf(other.Read().Layers[0].Digest);
        Change(last, System.IO.File.GetLastWriteTimeUtc(last));
        Lock();
        using var leaving = new CancellationTokenSource();
        var told = new List<(Digest Model, Digest File, bool IsRefused)>();
        using var runner = new CheckRunner(_fixture.Store)
        {
            Affected = (model, file) => told.Add((model.Id, file.File.Digest, file.IsRefused)),
            BeforeSecondRead = path => (path == last ? leaving : null)?.Cancel(),
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runner.RunAsync(
            new StoreCheck(_fixture.Store.Read().Entries), static (_, _) => Task.FromResult(false), leaving.Token));

        Assert.Equal((_made.Id, File, true), Assert.Single(told));
    }

    [Fact]
    public async Task A_file_that_was_written_since_then_is_another_one()
    {
        await using FakeRegistry registry = await PullAsync();
        FileStatus before = FileStatus.Of(Blob);
        Folder.Damage.Add(before);
        Assert.True(Folder.Damage.Contains(Blob));

        System.IO.File.SetLastWriteTimeUtc(Blob, before.Written.UtcDateTime.AddSeconds(1));

        Assert.False(Folder.Damage.Contains(Blob));
    }

    private async Task<FakeRegistry> PullAsync()
    {
        FakeRegistry registry = await FakeRegistry.StartAsync(_made);
        await _fixture.PullAsync(registry.Name);
        return registry;
    }

    private async Task<CheckedModel> CheckAsync() => Assert.Single(
        await _runner.RunAsync(new StoreCheck(_fixture.Store.Read().Entries), static (_, _) => Task.FromResult(false), Token));

    private string? Problem() => Assert.Single(
        ArtifactStore.List([Folder.Root], new ForeignScan(TimeProvider.System, new ScanLimits()), Folder.Damage).Models).Problem;

    // Without its lock, the store cannot be changed. It works for root too, who may write to every folder.
    private void Lock()
    {
        System.IO.File.Delete(Folder.LockFile);
        Directory.CreateDirectory(Folder.LockFile);
    }

    private void Unlock() => Directory.Delete(Folder.LockFile);

    // Twice makes it right again.
    private static void Change(string path, DateTime written)
    {
        using (FileStream file = System.IO.File.Open(path, FileMode.Open))
        {
            file.Position = file.Length / 2;
            int read = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(read ^ 1));
        }

        System.IO.File.SetLastWriteTimeUtc(path, written);
    }
}
