using ModelRunner.Linux.Files;
using ModelRunner.Store.Archives;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Tests.Layout;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>The same model is loaded from several archives at the same time.</summary>
public sealed class SharedArchiveTests : IDisposable
{
    private const string Name = "docker.io/ai/a:latest";

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(10);
    private static readonly MadeArtifact Made = MadeArtifact.Of(new byte[3_000_001]);

    private readonly StoreFixture _target = new(TimeProvider.System);
    private readonly WaitingClock _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Descriptor Weights => Made.Read().Layers[0];

    public void Dispose() => _target.Dispose();

    [Fact]
    public async Task Both_loads_end_well_however_long_the_first_one_takes()
    {
        byte[] saved = await SaveAsync();
        using var slow = new SteppedStream(new MemoryStream(saved));
        Task<LoadedModel> first = await BeginAsync(slow);
        Task<LoadedModel> second = new ArchiveLoader(_target.Store, spareBytes: 0, _time).LoadAsync(new MemoryStream(saved), null, Cancellation);

        for (int step = 0; step < 20; step++)
        {
            await slow.StepAsync();
            await PassAsync(second);
            Assert.False(second.IsCompleted);
        }

        slow.Run();
        Assert.Equal([Name], (await first).Entry.Tags);
        FileId stood = FileStatus.Of(_target.Folder.BlobOf(Weights.Digest)).Id;
        while (!second.IsCompleted)
            await PassAsync(second);
        Assert.Equal(Made.Id, (await second).Entry.Id);
        Assert.Equal(stood, FileStatus.Of(_target.Folder.BlobOf(Weights.Digest)).Id);
        Assert.Equal(2, StoreFixture.FilesIn(_target.Folder.Blobs).Length);
    }

    [Fact]
    public async Task If_the_first_one_fails_the_second_one_goes_on_with_its_own_bytes()
    {
        byte[] saved = await SaveAsync();
        using var cut = new SteppedStream(new MemoryStream(saved[..2_000_000]));
        Task<LoadedModel> first = await BeginAsync(cut);
        Task<LoadedModel> second = new ArchiveLoader(_target.Store, spareBytes: 0, _time).LoadAsync(new MemoryStream(saved), null, Cancellation);
        await PassAsync(second);

        cut.Run();

        await Assert.ThrowsAsync<ArchiveException>(() => first);
        while (!second.IsCompleted)
            await PassAsync(second);
        Assert.Equal(Made.Id, (await second).Entry.Id);
        Assert.Equal(new byte[3_000_001], await File.ReadAllBytesAsync(_target.Folder.BlobOf(Weights.Digest), Cancellation));
    }

    [Fact]
    public async Task A_load_does_not_wait_for_ever_for_one_that_gets_no_bytes()
    {
        byte[] saved = await SaveAsync();
        using var stuck = new SteppedStream(new MemoryStream(saved));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<LoadedModel> first = await BeginAsync(stuck, leaving.Token);
        Task<LoadedModel> second = new ArchiveLoader(_target.Store, spareBytes: 0, _time).LoadAsync(new MemoryStream(saved), null, Cancellation);

        while (!second.IsCompleted)
            await PassAsync(second);

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => second);
        Assert.Equal(StoreErrorReason.Busy, failure.Reason);
        Assert.Contains("no bytes came for 60 s; load this one when it has ended", failure.Message, StringComparison.Ordinal);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    // Returns when the weights are being written.
    private async Task<Task<LoadedModel>> BeginAsync(SteppedStream archive, CancellationToken? cancellationToken = null)
    {
        Task<LoadedModel> loading = new ArchiveLoader(_target.Store, spareBytes: 0, TimeProvider.System).LoadAsync(
            archive, null, cancellationToken ?? Cancellation);
        while (FileStatus.Of($"{_target.Folder.BlobOf(Weights.Digest)}.{StoreFileName.LoadPurpose}{StoreFolder.PartialEnding}").SizeBytes == 0)
            await archive.StepAsync();
        return loading;
    }

    // Moves the clock when the load waits the next time; a load that neither waits nor ends fails the test.
    private async Task PassAsync(Task loading)
    {
        Task passing = _time.PassAsync(Step);
        if (await Task.WhenAny(loading, passing) == passing)
            await passing;
    }

    private static async Task<byte[]> SaveAsync()
    {
        using var source = new StoreFixture();
        StoreEntry entry = await source.AddAsync(Made, Name);
        using var archive = ModelArchive.Open(source.Store, entry, Name);
        using var saved = new MemoryStream();
        await archive.WriteAsync(saved, Cancellation);
        return saved.ToArray();
    }
}
