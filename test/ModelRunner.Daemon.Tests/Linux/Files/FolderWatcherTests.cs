using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Files;

/// <summary>Real folders and a real inotify. What the kernel has not told yet is fetched by <see cref="FolderWatcher.TakeEvents"/>, so no test waits.</summary>
public sealed class FolderWatcherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderWatcher _watcher = FolderWatcher.Start();
    private readonly WatchGroup _group;
    private int _changes;

    public FolderWatcherTests() => _group = _watcher.CreateGroup(() => Interlocked.Increment(ref _changes));

    public void Dispose()
    {
        _group.Dispose();
        _watcher.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_kind_of_change_in_a_folder_is_told()
    {
        Assert.Null(_watcher.Problem);
        _folder.Write("models/a.gguf", "1");
        Keep(scan => scan.Folder(_folder.PathOf("models")));
        Assert.False(Changes());

        Action[] changes =
        [
            () => _folder.Write("models/b.gguf", "2"),
            () => File.Move(_folder.PathOf("models/b.gguf"), _folder.PathOf("models/c.gguf")),
            () => File.Move(_folder.PathOf("models/c.gguf"), _folder.PathOf("away.gguf")),
            () => File.SetUnixFileMode(_folder.PathOf("models/a.gguf"), UnixFileMode.UserRead | UnixFileMode.UserWrite),
            () => File.SetLastWriteTimeUtc(_folder.PathOf("models/a.gguf"), DateTime.UnixEpoch),
            () => File.WriteAllText(_folder.PathOf("models/a.gguf"), "longer"),
            () => Directory.CreateDirectory(_folder.PathOf("models/inner")),
            () => File.Delete(_folder.PathOf("models/a.gguf")),
            () => Directory.Delete(_folder.PathOf("models"), recursive: true),
        ];
        foreach (Action change in changes)
        {
            change();
            Assert.True(Changes(), $"Change {Array.IndexOf(changes, change)} was not told.");
        }
    }

    [Fact]
    public void Reading_and_hidden_files_are_no_changes()
    {
        string path = _folder.Write("models/a.gguf", "1");
        Keep(scan => scan.Folder(_folder.PathOf("models")));

        _ = File.ReadAllText(path);
        _ = Directory.GetFiles(_folder.PathOf("models"));
        _folder.Write("models/.lock", "");
        _folder.Write("other.gguf", "");

        Assert.False(Changes());
    }

    [Fact]
    public void A_file_that_is_written_piece_by_piece_is_told_at_its_start_and_its_end()
    {
        Keep(scan => scan.Folder(_folder.Path));
        using (FileStream file = File.Create(_folder.PathOf("a.gguf")))
        {
            Assert.True(Changes());
            for (int i = 0; i < 1000; i++)
                file.Write(new byte[100]);
            file.Flush();
            Assert.False(Changes());
        }

        Assert.True(Changes());
    }

    [Fact]
    public void A_path_is_told_when_it_comes_into_being_whatever_is_missing_before_it()
    {
        string path = _folder.PathOf("one/two/three");
        Keep(scan => scan.Root(path));
        _folder.Write("unrelated", "");
        Assert.False(Changes());

        foreach (string next in (string[])["one", "one/two", "one/two/three"])
        {
            Directory.CreateDirectory(_folder.PathOf(next));
            Assert.True(Changes(), $"{next} was not told.");
            Keep(scan => scan.Root(path));
        }

        Directory.Move(_folder.PathOf("one"), _folder.PathOf("moved"));
        Assert.True(Changes());
    }

    [Fact]
    public void The_end_of_a_chain_of_links_is_watched_also_if_there_is_nothing()
    {
        File.CreateSymbolicLink(_folder.PathOf("a.gguf"), "far/link");
        Directory.CreateDirectory(_folder.PathOf("far"));
        File.CreateSymbolicLink(_folder.PathOf("far/link"), "../blobs/hex");
        Directory.CreateDirectory(_folder.PathOf("blobs"));
        Keep(scan => scan.Link(_folder.PathOf("a.gguf")));

        _folder.Write("blobs/other", "");
        Assert.False(Changes());
        string blob = _folder.Write("blobs/hex", "1");
        Assert.True(Changes());
        File.Move(_folder.Write("next", "2"), blob, overwrite: true);
        Assert.True(Changes());
        File.Delete(blob);
        Assert.True(Changes());
    }

    [Fact]
    public void The_content_of_files_that_are_no_models_does_not_count()
    {
        string log = _folder.Write("run.log", "1");
        string named = _folder.Write("blob", "1");
        string model = _folder.Write("a.gguf", "1");
        Keep(scan =>
        {
            scan.Extension = ".gguf";
            scan.Entry(named);
            scan.Folder(_folder.Path);
        });

        File.AppendAllText(log, "2");
        Assert.False(Changes());
        File.AppendAllText(named, "2");
        Assert.True(Changes());
        File.AppendAllText(model, "2");
        Assert.True(Changes());
        File.CreateSymbolicLink(_folder.PathOf("link"), "/nowhere");
        Assert.True(Changes());
    }

    [Fact]
    public void Files_that_are_no_models_may_come_and_go()
    {
        Directory.CreateSymbolicLink(_folder.PathOf("known"), "/nowhere");
        Keep(scan =>
        {
            scan.Extension = ".gguf";
            scan.Folder(_folder.Path);
            scan.Link(_folder.PathOf("known"));
        });

        string log = _folder.Write("run.log", "1");
        File.Move(log, _folder.PathOf("run.log.1"));
        File.Move(_folder.Write("next.log", "2"), _folder.PathOf("run.log.1"), overwrite: true);
        File.Delete(_folder.PathOf("run.log.1"));
        string partial = _folder.Write("a.tmp", "3");
        Assert.False(Changes());

        File.Move(partial, _folder.PathOf("a.gguf"));
        Assert.True(Changes());
        File.Move(_folder.PathOf("a.gguf"), partial);
        Assert.True(Changes());
        Directory.CreateDirectory(_folder.PathOf("more"));
        Assert.True(Changes());
        Directory.Move(_folder.PathOf("more"), _folder.PathOf("other"));
        Assert.True(Changes());
        File.Delete(_folder.PathOf("known"));
        Assert.True(Changes());
        File.CreateSymbolicLink(_folder.PathOf("link.tmp"), "/nowhere");
        Assert.True(Changes());
    }

    [Fact]
    public void A_folder_that_is_replaced_during_a_scan_leaves_no_watch()
    {
        Directory.CreateDirectory(_folder.PathOf("models"));
        WatchScan scan = _group.Begin();
        scan.Entry(_folder.PathOf("models/a"));
        Directory.Move(_folder.PathOf("models"), _folder.PathOf("away"));
        Directory.CreateDirectory(_folder.PathOf("models"));
        scan.Folder(_folder.PathOf("models"));
        Assert.Equal(2, _watcher.Count);

        scan.Release();

        Assert.Equal(0, _watcher.Count);
    }

    [Fact]
    public void The_next_scan_replaces_the_watches_and_a_failed_one_leaves_them()
    {
        Directory.CreateDirectory(_folder.PathOf("old"));
        Directory.CreateDirectory(_folder.PathOf("new"));
        Keep(scan => scan.Folder(_folder.PathOf("old")));
        WatchScan failed = _group.Begin();
        failed.Folder(_folder.PathOf("old"));
        failed.Folder(_folder.PathOf("new"));
        failed.Release();
        Assert.Equal(1, _watcher.Count);

        _folder.Write("old/a", "");
        Assert.True(Changes());
        Keep(scan => scan.Folder(_folder.PathOf("new")));
        _folder.Write("old/b", "");
        Assert.False(Changes());
        _folder.Write("new/b", "");
        Assert.True(Changes());

        _group.Dispose();
        Assert.Equal(0, _watcher.Count);
    }

    [Fact]
    public void A_folder_of_two_groups_stays_watched_for_the_other()
    {
        int others = 0;
        using WatchGroup other = _watcher.CreateGroup(() => others++);
        Keep(scan => scan.Entry(_folder.PathOf("x")));
        Watch(other, _folder.Path);

        _folder.Write("y", "");
        Assert.Equal((false, true), (Changes(), others > 0));
        _group.Dispose();
        others = 0;
        _folder.Write("z", "");
        _watcher.TakeEvents();
        Assert.True(others > 0);
    }

    [Fact]
    public void More_changes_than_the_kernel_keeps_are_told_as_one()
    {
        int max = int.Parse(File.ReadAllText("/proc/sys/fs/inotify/max_queued_events"), System.Globalization.CultureInfo.InvariantCulture);
        Directory.CreateDirectory(_folder.PathOf("quiet"));
        Directory.CreateDirectory(_folder.PathOf("busy"));
        int others = 0;
        using WatchGroup other = _watcher.CreateGroup(() =>
        {
            others++;

            // The thread of the watcher stands here while the queue is filled.
            if (others == 1)
                for (int i = 0; i < max + 10; i++)
                    File.CreateSymbolicLink(_folder.PathOf($"busy/{i}"), "x");
        });
        Watch(other, _folder.PathOf("busy"));
        Keep(scan => scan.Folder(_folder.PathOf("quiet")));

        _folder.Write("busy/first", "");
        Assert.True(SpinWait.SpinUntil(IsTold, TimeSpan.FromSeconds(60)), $"The other group was told {others} times.");

        // The thread of the watcher may still be telling the other group: of the first file, perhaps once more of its end, and of all links at once.
        _watcher.TakeEvents();
        Assert.Equal(1, Volatile.Read(ref _changes));
        Assert.InRange(others, 2, 3);

        bool IsTold()
        {
            _watcher.TakeEvents();
            return Volatile.Read(ref _changes) > 0;
        }
    }

    [Fact]
    public async Task Its_thread_tells_without_being_asked()
    {
        var told = new TaskCompletionSource();
        using WatchGroup group = _watcher.CreateGroup(() => told.TrySetResult());
        Watch(group, _folder.Path);

        _folder.Write("a", "");

        await told.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private static void Watch(WatchGroup group, string path)
    {
        WatchScan scan = group.Begin();
        scan.Folder(path);
        group.Keep(scan);
    }

    private void Keep(Action<WatchScan> read)
    {
        WatchScan scan = _group.Begin();
        read(scan);
        Assert.Null(scan.Problem);
        _group.Keep(scan);
        _watcher.TakeEvents();
        Interlocked.Exchange(ref _changes, 0);
    }

    private bool Changes()
    {
        _watcher.TakeEvents();
        return Interlocked.Exchange(ref _changes, 0) > 0;
    }
}
