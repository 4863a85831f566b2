using System.Net.Sockets;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>A catalogue that follows real folders with a real inotify.</summary>
public sealed class WatchedCatalogTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Less than the time between two scans without a reason.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly SourceBed _bed = new();
    private int _storeScans;
    private int _sourceScans;

    public void Dispose() => _bed.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_that_come_and_go_are_followed_without_any_request()
    {
        using ModelCatalog catalog = Watched();
        catalog.Start();
        await WaitAsync(() => catalog.Sizes is [{ Models: 0 }, ..]);

        _bed.Folder.Write("models/lab/one.gguf", SourceBed.Model(1));
        await WaitAsync(() => catalog.Sizes is [{ Models: 1 }, ..]);
        _bed.Folder.Write("models/lab/deeper/two.gguf", SourceBed.Model(2));
        await WaitAsync(() => catalog.Sizes is [{ Models: 2 }, ..]);
        File.Delete(_bed.Folder.PathOf("models/lab/one.gguf"));
        await WaitAsync(() => catalog.Sizes is [{ Models: 1 }, ..]);
        Directory.Delete(_bed.Folder.PathOf("models"), recursive: true);
        await WaitAsync(() => catalog.Sizes is [{ Models: 0 }, ..]);
        _bed.Folder.Write("models/back.gguf", SourceBed.Model(3));
        await WaitAsync(() => catalog.FindNow("back:latest") is not null);
    }

    [Fact]
    public async Task A_request_right_after_a_copy_finds_the_model_and_one_right_after_its_end_finds_it_whole()
    {
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);
        for (int i = 0; i < 20; i++)
        {
            byte[] content = SourceBed.Model(i);
            string path = _bed.Folder.PathOf($"models/m{i}.gguf");
            long begun = TimeProvider.System.GetTimestamp();
            await using (FileStream file = File.Create(path))
            {
                file.Write(content.AsSpan(0, content.Length / 2));
                file.Flush();
                if (i % 2 == 0)
                    Assert.Equal(ModelLookupReason.NotRead, (await FoundAsync(catalog, $"m{i}")).Reason);
                file.Write(content.AsSpan(content.Length / 2));
            }

            ModelLookup found = await FoundAsync(catalog, $"m{i}", begun);
            Assert.True(found.Model is not null, found.Problem);
        }
    }

    [Fact]
    public async Task Requests_for_unknown_names_cause_no_scan()
    {
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        using ModelCatalog catalog = Watched(_bed.Time);
        await catalog.ListAsync(Cancellation);
        Assert.Equal((1, 4), (_storeScans, _sourceScans));

        // This clock stands, so no scan becomes due without a reason.
        for (int i = 0; i < 2000; i++)
            Assert.Equal(ModelLookupReason.Unknown, (await catalog.FindAsync($"unknown{i}", Cancellation).WaitAsync(Patience, Cancellation)).Reason);

        // A scan that they made necessary would begin now, and the list waits for it.
        _bed.Time.Advance(BackgroundScan<StoreListing>.WatchedInterval / 2);
        await catalog.ListAsync(Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal((1, 4), (_storeScans, _sourceScans));
    }

    [Fact]
    public async Task Only_the_place_that_changed_is_read_again()
    {
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);
        int before = _sourceScans;

        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));
        Assert.NotNull((await FoundAsync(catalog, "own")).Model);

        Assert.Equal(before, _sourceScans);
    }

    [Fact]
    public async Task A_burst_of_changes_causes_few_scans()
    {
        const int Files = 1000;
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);
        long started = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < Files; i++)
            _bed.Folder.Write($"models/m{i}.gguf", []);
        TimeSpan duration = TimeProvider.System.GetElapsedTime(started);
        await WaitAsync(() => catalog.Sizes is [{ Models: Files }, ..]);

        // At most one per 50 ms while it lasts, and some for its end.
        Assert.InRange(_storeScans, 2, 10 + (int)(duration / BackgroundScan<StoreListing>.Quiet));
    }

    [Fact]
    public async Task The_stores_of_every_tool_are_followed_from_before_they_exist()
    {
        using ModelCatalog catalog = Watched();
        Assert.Empty(await catalog.ListAsync(Cancellation));

        _bed.Folder.AddToHuggingFace("Lab/Otter-GGUF", "Otter-Q4_K_M.gguf", SourceBed.Model(2));
        await AppearsAsync("huggingface.co/lab/otter-gguf:Q4_K_M");
        _bed.Folder.Write("old/zoo_finch.gguf", SourceBed.Model(3));
        await AppearsAsync("llama.cpp/zoo_finch:latest");
        _bed.Folder.AddToOllama("registry.ollama.ai/library/wren/7b", [("model", SourceBed.Model(4))]);
        await AppearsAsync("ollama/wren:7b");
        _bed.Folder.Write("studio/lab/Lark/Lark-Q8_0.gguf", SourceBed.Model(5));
        await AppearsAsync("lmstudio/lab/lark:Q8_0");
        _bed.Folder.Write("moved/models/lab/Jay/Jay-Q8_0.gguf", SourceBed.Model(6));
        _bed.Folder.Write("pointer", _bed.Folder.PathOf("moved"));
        await AppearsAsync("lmstudio/lab/jay:Q8_0");

        File.Delete(_bed.Folder.PathOf($"ollama/blobs/sha256-{ForeignStores.HexOf(SourceBed.Model(4))}"));
        await WaitAsync(() => catalog.FindNow("ollama/wren:7b") is { File: null });
        File.Delete(Directory.GetFiles(_bed.Folder.PathOf("hub/models--Lab--Otter-GGUF/blobs"))[0]);
        await WaitAsync(() => catalog.FindNow("huggingface.co/lab/otter-gguf:Q4_K_M") is null);
        Directory.Delete(_bed.Folder.PathOf("studio"), recursive: true);
        await WaitAsync(() => catalog.FindNow("lmstudio/lab/lark:Q8_0") is null);
        Directory.Move(_bed.Folder.PathOf("old"), _bed.Folder.PathOf("elsewhere"));
        await WaitAsync(() => catalog.FindNow("llama.cpp/zoo_finch:latest") is null);

        async Task AppearsAsync(string reference) => await WaitAsync(() => catalog.FindNow(reference)?.File is { Problem: null });
    }

    [Fact]
    public async Task The_target_of_a_link_is_followed()
    {
        string target = _bed.Folder.PathOf("disk/blob");
        Directory.CreateDirectory(_bed.Folder.PathOf("models"));
        File.CreateSymbolicLink(_bed.Folder.PathOf("models/linked.gguf"), target);
        Directory.CreateSymbolicLink(_bed.Folder.PathOf("models/more"), Directory.CreateDirectory(_bed.Folder.PathOf("far")).FullName);
        using ModelCatalog catalog = Watched();
        Assert.Empty(await catalog.ListAsync(Cancellation));

        _bed.Folder.Write("disk/blob", SourceBed.Model(1));
        await WaitAsync(() => catalog.FindNow("linked:latest")?.File is { Problem: null });
        _bed.Folder.Write("far/inner.gguf", SourceBed.Model(2));
        await WaitAsync(() => catalog.FindNow("more/inner:latest") is not null);
        File.Delete(target);
        await WaitAsync(() => catalog.FindNow("linked:latest")?.File is { Problem: not null });
    }

    [Fact]
    public async Task Links_to_folders_are_followed_whichever_part_of_the_way_changes()
    {
        _bed.Folder.Write("disk/v1/one.gguf", SourceBed.Model(1));
        _bed.Folder.Write("disk/v2/two.gguf", SourceBed.Model(2));
        Directory.CreateSymbolicLink(_bed.Folder.PathOf("disk/current"), "v1");
        Directory.CreateDirectory(_bed.Folder.PathOf("models"));
        Directory.CreateSymbolicLink(_bed.Folder.PathOf("models/cur"), "../disk/current");
        File.CreateSymbolicLink(_bed.Folder.PathOf("models/later"), "../disk/later");
        File.CreateSymbolicLink(_bed.Folder.PathOf("disk/v2/blob.gguf"), "../blobs/x");
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);
        Assert.NotNull(catalog.FindNow("cur/one:latest"));

        Directory.Delete(_bed.Folder.PathOf("disk/current"));
        Directory.CreateSymbolicLink(_bed.Folder.PathOf("disk/current"), "v2");
        await WaitAsync(() => catalog.FindNow("cur/two:latest") is not null, Soon);
        _bed.Folder.Write("disk/later/three.gguf", SourceBed.Model(3));
        await WaitAsync(() => catalog.FindNow("later/three:latest") is not null, Soon);
        _bed.Folder.Write("disk/blobs/x", SourceBed.Model(4));
        await WaitAsync(() => catalog.FindNow("cur/blob:latest")?.File is { Problem: null }, Soon);
    }

    [Fact]
    public async Task The_models_folder_may_be_a_link_to_a_folder_that_comes_later()
    {
        using ModelCatalog catalog = Watched();
        Directory.Delete(_bed.Folder.PathOf("models"));
        File.CreateSymbolicLink(_bed.Folder.PathOf("models"), "disk/own");
        await catalog.ListAsync(Cancellation);

        _bed.Folder.Write("disk/own/one.gguf", SourceBed.Model(1));

        await WaitAsync(() => catalog.FindNow("one:latest") is not null, Soon);
    }

    [Fact]
    public async Task More_folders_than_may_be_watched_are_told_with_the_way_out()
    {
        for (int i = 0; i < StoreScanner.MaxWatched; i++)
            Directory.CreateDirectory(_bed.Folder.PathOf($"models/{i}"));
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);

        await WaitAsync(() => catalog.Sizes.Count > 0);
        Assert.Contains(
            await catalog.ListProblemsAsync(Cancellation),
            static problem => problem.EndsWith(
                "more than 2000 folders would have to be watched; take folders without models, and links to such folders, out of it",
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_files_that_the_configuration_names_are_followed()
    {
        string path = _bed.Folder.PathOf("disk/chosen.gguf");
        using ModelCatalog catalog = Watched();
        Assert.Empty(await catalog.ListAsync(Cancellation));
        await catalog.ConfigureAsync(_bed.Settings with
        {
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["chosen:latest"] = new() { Path = path } },
        });
        Assert.Empty(await catalog.ListAsync(Cancellation));

        _bed.Folder.Write("disk/chosen.gguf", SourceBed.Model(1));
        await WaitAsync(() => catalog.FindNow("chosen:latest")?.File is { Problem: null });
        File.Delete(path);
        await WaitAsync(() => catalog.FindNow("chosen:latest")?.File is { Problem: not null });
    }

    [Fact]
    public async Task Pipes_sockets_and_devices_with_the_name_of_a_model_end_no_scan()
    {
        using ModelCatalog catalog = Watched();
        await catalog.ListAsync(Cancellation);
        Directory.CreateDirectory(_bed.Folder.PathOf("old"));
        Directory.CreateDirectory(_bed.Folder.PathOf("studio/lab/Lark"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_bed.Folder.PathOf("models/socket.gguf")));
        File.CreateSymbolicLink(_bed.Folder.PathOf("models/zero.gguf"), "/dev/zero");
        foreach (string folder in (string[])["models", "old", "studio/lab/Lark"])
            _bed.Folder.MakePipe($"{folder}/pipe.gguf");
        _bed.Folder.Write("models/own.gguf", SourceBed.Model(1));

        Assert.NotNull((await FoundAsync(catalog, "own").WaitAsync(Patience, Cancellation)).Model);

        Assert.Equal(["own:latest"], (await catalog.ListAsync(Cancellation).WaitAsync(Patience, Cancellation)).Select(static model => model.Reference));
        string[] problems = [.. await catalog.ListProblemsAsync(Cancellation)];
        Assert.Equal(
            ["pipe", "socket", "zero"],
            problems.Select(static problem => problem.Split('"')[1].Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.All(problems, static problem => Assert.EndsWith("is not a regular file", problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_watches_the_places_are_scanned_from_time_to_time_and_that_is_shown()
    {
        const string Reason = "the system allows this user no more watchers of folders; raise fs.inotify.max_user_instances";
        _bed.Folder.Write("old/finch.gguf", SourceBed.Model(1));
        using var catalog = new ModelCatalog(_bed.Settings, _bed.Time, watcher: FolderWatcher.Failed(Reason));
        Assert.Single(await catalog.ListAsync(Cancellation));

        Assert.Contains($"the models folder is scanned every 5 s for changes: {Reason}", await catalog.ListProblemsAsync(Cancellation));
        Assert.Equal([$"is scanned every 5 s for changes: {Reason}"], catalog.ListSources()[0].Problems);

        _bed.Folder.Write("models/own.gguf", SourceBed.Model(2));
        await WaitAsync(() =>
        {
            _bed.Time.Advance(TimeSpan.FromSeconds(5));
            return catalog.FindNow("own:latest") is not null;
        });
    }

    [Fact]
    public async Task What_the_daemon_changed_itself_is_there_for_the_next_request()
    {
        DaemonSettings settings = _bed.Settings with { Sources = [new SourceSettings(SourceKind.Pulled, [_bed.Folder.PathOf("models/store")])] };
        using var catalog = new ModelCatalog(settings, TimeProvider.System, watcher: FolderWatcher.Failed("none"));
        Assert.Empty(await catalog.ListAsync(Cancellation));
        _bed.Folder.Write("models/store/layout.json", """{"version":"1.0.0"}""");
        _bed.Folder.Write("models/store/models.json", $$"""{"models":[{"id":"sha256:{{new string('a', 64)}}","tags":["ai/otter:1b"],"files":[]}]}""");

        await catalog.FindPulledAsync(Cancellation);

        Assert.NotNull(catalog.FindNow("otter:1b"));
    }

    private ModelCatalog Watched(TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        DaemonSettings settings = _bed.Settings;
        return new ModelCatalog(
            settings, time,
            watches =>
            {
                Interlocked.Increment(ref _storeScans);
                return StoreScanner.Scan(settings.ModelsPath, isOptional: true, watches: watches);
            },
            FileThreads.Shared,
            (source, watches) =>
            {
                Interlocked.Increment(ref _sourceScans);
                return SourceReader.Read(source, time, watches);
            },
            null, FolderWatcher.Start());
    }

    // On a loaded machine, a scan may end later than a request waits for a change. A name that is found in time is not asked for again.
    private static async Task<ModelLookup> FoundAsync(ModelCatalog catalog, string name, long? changed = null)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            long since = changed ?? TimeProvider.System.GetTimestamp();
            ModelLookup found = await catalog.FindAsync(name, Cancellation);
            bool isInTime = TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(0.4);
            bool isDone = changed is not null && found.Reason != ModelLookupReason.NotRead;
            if (isInTime || isDone || TimeProvider.System.GetElapsedTime(started) > Patience)
                return found;
        }
    }

    private static async Task WaitAsync(Func<bool> isSo, TimeSpan? patience = null) =>
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(isSo()), patience ?? Patience);
}
