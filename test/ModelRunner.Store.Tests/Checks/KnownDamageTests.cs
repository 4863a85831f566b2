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

        Assert.Equal((FileCondition.Damaged, false, true), (bad.Condition, bad.IsSetAside, bad.IsRefused));
        Assert.Equal(
            $"has the damaged file {File} in the model store, which could not be set aside; let the daemon write to the model store, verify the model again, "
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
        Assert.StartsWith("lacks its files in the model store; ", Problem(), StringComparison.Ordinal);
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
