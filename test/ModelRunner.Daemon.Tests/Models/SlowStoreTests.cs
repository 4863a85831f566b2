using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Stores and files whose file system does not respond.</summary>
public sealed class SlowStoreTests : IDisposable
{
    private static readonly byte[] Good = GgufBuilder.Llama().Build();
    private static readonly TimeSpan FirstScanTimeout = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _store = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ManualResetEventSlim _allowed = new();
    private readonly SemaphoreSlim _begun = new(0);
    private int _looks;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        // Releases the threads.
        _allowed.Set();
        _begun.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task Requests_during_the_first_scan_wait_without_blocking_a_thread()
    {
        const int Many = 200;
        ModelCatalog catalog = Blocked(Settings());
        _store.Write("otter.gguf", Good);

        // If a call blocked, this would never complete.
        Task<ModelLookup>[] waits = [.. Enumerable.Range(0, Many).Select(_ => catalog.FindAsync("otter", Cancellation))];
        Assert.DoesNotContain(waits, static wait => wait.IsCompleted);
        _allowed.Set();

        Assert.All(await Task.WhenAll(waits), static found => Assert.Equal("otter:latest", found.Model?.Reference));
        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task A_first_scan_that_hangs_does_not_block_requests()
    {
        string path = _store.Write("x/configured.gguf", Good);
        var models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["finch:latest"] = new() { Path = path } };
        ModelCatalog catalog = Blocked(Settings() with { Models = models });

        Task<ModelLookup> first = catalog.FindAsync("otter", Cancellation);
        Assert.False(first.IsCompleted);
        await _begun.WaitAsync(Cancellation);
        _time.Advance(FirstScanTimeout);
        ModelLookup unknown = await first;

        Assert.Equal(ModelLookupReason.NotRead, unknown.Reason);
        Assert.Contains("the models folder is still being read", unknown.Problem, StringComparison.Ordinal);

        // The clock does not advance: known models are listed, and the list says that others are missing.
        Assert.Equal("finch:latest", (await catalog.FindAsync("finch", Cancellation)).Model?.Reference);
        Assert.Equal("finch:latest", Assert.Single(await catalog.ListAsync(Cancellation)).Reference);
        Assert.Contains("the models folder is still being read; its models are missing", await catalog.ListProblemsAsync(Cancellation));
        Assert.Equal(1, _looks);
    }

    [Fact]
    public async Task While_a_later_scan_hangs_the_previous_one_is_used()
    {
        _store.Write("otter.gguf", Good);
        _allowed.Set();
        ModelCatalog catalog = Blocked(Settings());
        Assert.NotNull((await catalog.FindAsync("otter", Cancellation)).Model);
        await _begun.WaitAsync(Cancellation);
        _allowed.Reset();

        // A request for a known name does not wait.
        _time.Advance(TimeSpan.FromSeconds(6));
        await _begun.WaitAsync(Cancellation);
        Assert.NotNull((await catalog.FindAsync("otter", Cancellation)).Model);

        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.NotNull((await catalog.FindAsync("otter", Cancellation)).Model);
        Assert.Equal(ModelLookupReason.Unknown, (await catalog.FindAsync("finch", Cancellation)).Reason);
        Assert.Single(await catalog.ListAsync(Cancellation));
        Assert.Equal(
            ["the models folder has not been read for 300 s: its disk does not respond; the models of the last scan are used"],
            await catalog.ListProblemsAsync(Cancellation));
        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task After_a_long_scan_no_request_and_only_twenty_times_as_long_starts_the_next_one()
    {
        ModelCatalog catalog = Slow(TimeSpan.FromSeconds(4));
        Assert.Empty(await catalog.ListAsync(Cancellation));
        _store.Write("otter.gguf", Good);

        _time.Advance(TimeSpan.FromSeconds(79));
        Assert.Empty(await catalog.ListAsync(Cancellation));
        Assert.Equal(ModelLookupReason.Unknown, (await catalog.FindAsync("otter", Cancellation)).Reason);
        Assert.Equal(1, _looks);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(await catalog.ListAsync(Cancellation));
        Assert.Equal(2, _looks);
    }

    [Fact]
    public async Task A_failed_scan_is_repeated()
    {
        _store.Write("otter.gguf", Good);
        bool fails = true;
        var catalog = new ModelCatalog(Settings(), _time, () => fails ? throw new IOException("no") : StoreScanner.Scan(_store.Path), new FileThreads(1, 1));

        Assert.Equal(ModelLookupReason.NotRead, (await catalog.FindAsync("otter", Cancellation)).Reason);
        Assert.Contains("the models folder cannot be read now: no", await catalog.ListProblemsAsync(Cancellation));
        fails = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull((await catalog.FindAsync("otter", Cancellation)).Model);
        Assert.DoesNotContain(await catalog.ListProblemsAsync(Cancellation), static problem => problem.Contains("cannot be read now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_configured_model_whose_file_may_be_in_the_store_is_not_missing_before_the_store_is_read()
    {
        _store.Write("otter.gguf", Good);
        bool fails = true;
        DaemonSettings settings = Settings() with { Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["otter:latest"] = new() } };
        var catalog = new ModelCatalog(settings, _time, () => fails ? throw new IOException("no") : StoreScanner.Scan(_store.Path), new FileThreads(1, 1));

        ModelLookup found = await catalog.FindAsync("otter", Cancellation);
        Assert.Equal(ModelLookupReason.NotRead, found.Reason);
        Assert.Contains("the models folder is still being read", found.Problem, StringComparison.Ordinal);
        fails = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull((await catalog.FindAsync("otter", Cancellation)).Model);
    }

    [Fact]
    public async Task Work_that_hangs_on_one_device_leaves_threads_to_the_others()
    {
        const ulong Hung = 1;
        var threads = new FileThreads(3, 2);
        Task<int>[] hung = [.. Enumerable.Range(0, 10).Select(number => threads.RunAsync<int>(Hung, () =>
        {
            _allowed.Wait();
            return number;
        }))];

        Assert.Equal(42, await threads.RunAsync(2, static () => 42));

        Assert.DoesNotContain(hung, static work => work.IsCompleted);
        _allowed.Set();
        Assert.Equal(Enumerable.Range(0, 10), await Task.WhenAll(hung));
    }

    private DaemonSettings Settings() => new() { Listen = new ListenSettings(null, null), ModelsPath = _store.Path };

    // The first scan takes this long by the fake clock. It must be less than the time that a request waits.
    private ModelCatalog Slow(TimeSpan duration) => new(Settings(), _time, () =>
    {
        if (Interlocked.Increment(ref _looks) == 1)
            _time.Advance(duration);
        return StoreScanner.Scan(_store.Path);
    }, new FileThreads(1, 1));

    private ModelCatalog Blocked(DaemonSettings settings) => new(settings, _time, () =>
    {
        Interlocked.Increment(ref _looks);
        _begun.Release();
        _allowed.Wait();
        return StoreScanner.Scan(_store.Path);
    }, new FileThreads(3, 2));
}
