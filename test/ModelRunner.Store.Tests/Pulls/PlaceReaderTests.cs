using Microsoft.Extensions.Time.Testing;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Testing;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>A disk of another tool that does not respond delays a pull once, and holds one thread.</summary>
public sealed class PlaceReaderTests : IDisposable
{
    private readonly StoreFixture _store = new();
    private readonly TemporaryFolder _tools = new();
    private readonly FakeTimeProvider _time = new();
    private readonly PlaceThreads _threads = new();
    private readonly ContentPlace _good;
    private readonly ContentPlace _hanging;
    private readonly PlaceReader _reader;
    private readonly MadeArtifact _made = MadeArtifact.Of([1, 2, 3], [4, 5, 6], [7, 8, 9]);

    public PlaceReaderTests()
    {
        _good = new ContentPlace("good", ContentLayout.Ollama, _tools.PathOf("good"));
        _hanging = new ContentPlace("hanging", ContentLayout.Ollama, _tools.PathOf("hanging"));
        _threads.HangingPlace = _hanging.Folder;
        _reader = new PlaceReader(_threads, _time);
        Directory.CreateDirectory(Path.Join(_good.Folder, "blobs"));
        foreach ((Digest digest, byte[] bytes) in _made.Files)
            File.WriteAllBytes(Path.Join(_good.Folder, "blobs", $"sha256-{digest.Hex}"), bytes);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _tools.Dispose();
    }

    [Fact]
    public async Task A_plan_of_many_files_waits_once_and_finds_what_other_disks_have()
    {
        ContentAdoption adoption = Adoption();
        Task<IReadOnlySet<Digest>> finding = adoption.FindLinkedAsync(_made.Read().Files, Token);
        Assert.False(finding.IsCompleted);

        _time.Advance(PlaceReader.Patience);

        Assert.Equal(4, (await finding.WaitAsync(TimeSpan.FromSeconds(30), Token)).Count);
        Assert.Equal(1, _threads.Hanging);
    }

    [Fact]
    public async Task A_place_that_hangs_is_asked_again_only_when_it_has_responded()
    {
        Task<int> first = _reader.RunAsync(_hanging, static () => 1, Token);
        _time.Advance(PlaceReader.Patience);
        await Assert.ThrowsAsync<IOException>(() => first);

        // No time passes, so these end at once.
        await Assert.ThrowsAsync<IOException>(() => _reader.RunAsync(_hanging, static () => 2, Token));
        foreach (Descriptor file in _made.Read().Layers)
            await AdoptAsync(file);
        Assert.Equal(1, _threads.Hanging);

        _threads.Respond();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await AskAsync() != 3)
            limit.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Clients that leave must not fill the threads. But a client that leaves says nothing about the disk.</summary>
    [Fact]
    public async Task A_read_that_was_given_up_is_waited_for_until_its_own_time_is_over()
    {
        using var left = new CancellationTokenSource();
        Task<int> first = _reader.RunAsync(_hanging, static () => 1, left.Token);
        _time.Advance(PlaceReader.Patience / 2);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<int> second = _reader.RunAsync(_hanging, static () => 2, Token);
        Task<int> third = _reader.RunAsync(_hanging, static () => 3, Token);
        Assert.Equal((false, false, 1), (second.IsCompleted, third.IsCompleted, _threads.Hanging));

        _threads.Respond();

        Assert.Equal((2, 3), (await second, await third));
        Assert.Equal(0, _reader.Left);
    }

    [Fact]
    public async Task A_read_that_was_given_up_and_exceeds_its_time_shows_that_the_disk_hangs()
    {
        using var left = new CancellationTokenSource();
        Task<int> first = _reader.RunAsync(_hanging, static () => 1, left.Token);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<int> second = _reader.RunAsync(_hanging, static () => 2, Token);

        _time.Advance(PlaceReader.Patience);

        await Assert.ThrowsAsync<IOException>(() => second);
        await Assert.ThrowsAsync<IOException>(() => _reader.RunAsync(_hanging, static () => 3, Token));
        Assert.Equal(1, _threads.Hanging);
    }

    /// <summary>Others occupy the threads of the place. It may respond as soon as one is free.</summary>
    [Fact]
    public async Task A_read_for_which_no_thread_was_free_says_nothing_about_the_disk()
    {
        _threads.BusyPlace = _good.Folder;
        Task<int> first = _reader.RunAsync(_good, static () => 1, Token);
        _time.Advance(PlaceReader.Patience);
        await Assert.ThrowsAsync<IOException>(() => first);

        _threads.BusyPlace = null;

        Assert.Equal(2, await _reader.RunAsync(_good, static () => 2, Token));
        Assert.Equal(0, _reader.Left);
    }

    [Fact]
    public async Task A_result_that_comes_too_late_is_given_back()
    {
        _threads.HasThreads = true;
        string path = Path.Join(_good.Folder, "blobs", $"sha256-{_made.Read().Layers[0].Digest.Hex}");
        using var release = new ManualResetEventSlim();
        var opened = new TaskCompletionSource<FileStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<FileStream> late = _reader.RunAsync(_good, Open, Token, opened.SetResult);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(PlaceReader.Patience);
        await Assert.ThrowsAsync<IOException>(() => late);
        Assert.Equal(1, _reader.Left);

        release.Set();

        await using FileStream file = await opened.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal((path, 0), (file.Name, _reader.Left));

        FileStream Open()
        {
            entered.SetResult();
            release.Wait(Token);
            return File.OpenRead(path);
        }
    }

    [Fact]
    public async Task A_file_that_was_opened_too_late_is_closed()
    {
        Descriptor file = _made.Read().Layers[0];
        string path = Path.Join(_good.Folder, "blobs", $"sha256-{file.Digest.Hex}");
        _threads.LateWork = 2;
        using PartialBlob blob = PartialBlob.TryOpen(_store.Folder, file)!;
        Task<bool> adopting = new ContentAdoption(_store.Store, () => [_good], _reader).TryAdoptAsync(blob, new FileProgress(file), Token);
        _time.Advance(PlaceReader.Patience);
        Assert.False(await adopting.WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal(1, CountOpen());

        _threads.Deliver();

        Assert.Equal(0, CountOpen());

        int CountOpen() => Directory.GetFiles("/proc/self/fd").Count(descriptor => new FileInfo(descriptor).LinkTarget == path);
    }

    private async Task<int> AskAsync()
    {
        try
        {
            return await _reader.RunAsync(_hanging, static () => 3, Token);
        }
        catch (IOException)
        {
            await Task.Yield();
            return 0;
        }
    }

    private ContentAdoption Adoption() => new(_store.Store, () => [_hanging, _good], _reader);

    private async Task AdoptAsync(Descriptor file)
    {
        using PartialBlob blob = PartialBlob.TryOpen(_store.Folder, file)!;
        Assert.True(await Adoption().TryAdoptAsync(blob, new FileProgress(file), Token));
        Assert.True(_store.Store.Has(file));
    }
}
