using System.Runtime.ExceptionServices;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>A file that the configuration names is on a disk that does not respond.</summary>
public sealed class ConfiguredFilesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SourceBed _bed = new();
    private readonly HangingThreads _threads = new("dead");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task A_dead_disk_delays_others_once_and_is_read_when_it_responds()
    {
        DaemonSettings settings = Configured();
        string dead = _bed.Folder.PathOf("dead/one.gguf");
        var responded = new TaskCompletionSource();
        var files = new ConfiguredFiles(_threads, _bed.Time, responded.SetResult);

        IReadOnlyDictionary<string, ConfiguredFile> first = await AdvancingAsync(Task.Run(() => files.Read(settings), Cancellation));
        Assert.Equal((true, "is on a disk that does not respond"), (first[dead].IsHanging, first[dead].File.Problem));
        Assert.Equal((false, null), (first[_bed.Folder.PathOf("good/two.gguf")].IsHanging, first[_bed.Folder.PathOf("good/two.gguf")].File.Problem));

        // This clock stands, so a wait would have no end.
        Assert.True((await Task.Run(() => files.Read(settings), Cancellation).WaitAsync(Patience, Cancellation))[dead].IsHanging);

        _threads.Respond();
        await responded.Task.WaitAsync(Patience, Cancellation);
        ConfiguredFile read = files.Read(settings)[dead];
        Assert.Equal((false, null), (read.IsHanging, read.File.Problem));
    }

    [Fact]
    public async Task What_was_known_of_a_file_is_used_while_its_disk_does_not_respond()
    {
        DaemonSettings settings = Configured();
        string dead = _bed.Folder.PathOf("dead/one.gguf");
        var files = new ConfiguredFiles(_threads, _bed.Time, static () => { });
        _threads.Respond();
        ConfiguredFile known = files.Read(settings)[dead];

        _threads.Hang();
        ConfiguredFile hanging = (await AdvancingAsync(Task.Run(() => files.Read(settings), Cancellation)))[dead];

        Assert.Equal(known with { IsHanging = true }, hanging);
        ModelSnapshot snapshot = new ModelSnapshotBuilder(settings, files.Read(settings)).Build(StoreScanner.Scan(settings.ModelsPath), []);
        Assert.EndsWith("; its last known state is used until the disk responds", Assert.Single(snapshot.Problems), StringComparison.Ordinal);
        _threads.Respond();
    }

    /// <summary>It is read once for each scan, and its response causes no further reading.</summary>
    [Fact]
    public async Task A_disk_that_always_responds_late_is_usable_and_delays_only_the_first_scan()
    {
        DaemonSettings settings = Configured();
        string slow = _bed.Folder.PathOf("dead/one.gguf");
        int responses = 0;
        var files = new ConfiguredFiles(_threads, _bed.Time, () => responses++);
        Assert.True((await AdvancingAsync(Task.Run(() => files.Read(settings), Cancellation)))[slow].IsHanging);

        for (int round = 1; round <= 3; round++)
        {
            _threads.Respond();
            while (Volatile.Read(ref responses) < round)
                await Task.Delay(1, Cancellation);
            _threads.Hang();

            // The clock stands, so a wait would have no end.
            ConfiguredFile found = (await Task.Run(() => files.Find(settings), Cancellation).WaitAsync(Patience, Cancellation))[slow];
            ConfiguredFile read = (await Task.Run(() => files.Read(settings), Cancellation).WaitAsync(Patience, Cancellation))[slow];
            Assert.Equal((false, null, round), (found.IsHanging, found.File.Problem, responses));
            Assert.Equal(found, read);
            Assert.False(files.Find(settings)[slow].IsHanging);

            _bed.Time.Advance(ConfiguredFiles.Patience);
            Assert.True(files.Find(settings)[slow].IsHanging);
        }

        _threads.Respond();
    }

    [Fact]
    public void A_file_is_looked_at_once_for_a_scan_and_not_when_models_are_combined()
    {
        DaemonSettings settings = Configured();
        _threads.Respond();
        var files = new ConfiguredFiles(_threads, _bed.Time, static () => { });

        files.Find(settings);
        files.Find(settings);
        Assert.Equal(2, _threads.Count);
        files.Read(settings);
        Assert.Equal(4, _threads.Count);
        files.Read(settings, [_bed.Folder.PathOf("good/two.gguf")]);
        Assert.Equal(5, _threads.Count);
    }

    [Fact]
    public void Without_threads_the_files_that_are_known_stay_usable()
    {
        DaemonSettings settings = Configured();
        string path = _bed.Folder.PathOf("dead/one.gguf");
        _threads.Respond();
        var files = new ConfiguredFiles(_threads, _bed.Time, static () => { });
        _threads.AreExhausted = true;
        Assert.Equal("cannot be read: the system allows no more threads", files.Read(settings)[path].File.Problem);

        _threads.AreExhausted = false;
        ConfiguredFile known = files.Read(settings)[path];
        _threads.AreExhausted = true;

        Assert.Null(known.Problem);
        Assert.Equal(known, files.Read(settings)[path]);
    }

    [Fact]
    public async Task Other_models_are_found_although_a_configured_file_is_on_a_dead_disk()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(3));
        DaemonSettings settings = Configured();
        using var watch = new CatalogWatch(
            settings, _bed.Time, _ => StoreScanner.Scan(settings.ModelsPath), FileThreads.Shared, (source, watches) => SourceReader.Read(source, _bed.Time, watches),
            null, static (_, _) => { }, _threads);

        watch.Start();
        while (watch.Last is not { IsWithoutStore: false })
            await TickAsync();

        ModelSnapshot snapshot = watch.Last.Snapshot;
        Assert.Equal(["one:latest", "own:latest", "two:latest"], snapshot.Sources.Select(static source => source.Reference.ToString()));
        Assert.Equal(
            $"the path {_bed.Folder.PathOf("dead/one.gguf")} of model one:latest is on a disk that does not respond; "
            + "the model cannot be used until the disk responds",
            Assert.Single(snapshot.Problems));
        _threads.Respond();
    }

    private DaemonSettings Configured() => _bed.Settings with
    {
        Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal)
        {
            ["one:latest"] = new() { Path = _bed.Folder.Write("dead/one.gguf", SourceBed.Model(1)) },
            ["two:latest"] = new() { Path = _bed.Folder.Write("good/two.gguf", SourceBed.Model(2)) },
        },
    };

    private async Task<T> AdvancingAsync<T>(Task<T> reading)
    {
        while (!reading.IsCompleted)
            await TickAsync();
        return await reading;
    }

    private async Task TickAsync()
    {
        _bed.Time.Advance(ConfiguredFiles.Patience);
        await Task.Delay(1, Cancellation);
    }

    private sealed class HangingThreads(string folder) : ISourceThreads
    {
        private TaskCompletionSource _response = new();

        public bool AreExhausted { get; set; }

        public int Count { get; private set; }

        public void Respond() => _response.TrySetResult();

        public void Hang() => _response = new TaskCompletionSource();

        public Task<T> RunAsync<T>(string place, Action begun, Func<T> work)
        {
            if (AreExhausted)
                ExceptionDispatchInfo.Throw(new InsufficientMemoryException());
            Count++;
            return RunNowAsync(place, begun, work);
        }

        private async Task<T> RunNowAsync<T>(string place, Action begun, Func<T> work)
        {
            if (Path.GetFileName(place) == folder)
                await _response.Task;
            begun();
            return work();
        }
    }
}
