using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Tells its groups when folders change, with one instance of inotify(7) for all of them. A path is resolved without a lock, because a disk that does not
/// respond may block there. Safe to call from any thread.
/// </summary>
internal sealed unsafe class FolderWatcher : IDisposable
{
    /// <summary>The most folders that are watched. The kernel needs about 1 KiB for each.</summary>
    public const int MaxWatches = 20_000;

    private const uint AttributesChanged = 0x4; // IN_ATTRIB
    private const uint ClosedAfterWriting = 0x8; // IN_CLOSE_WRITE
    private const uint MovedFrom = 0x40; // IN_MOVED_FROM
    private const uint MovedTo = 0x80; // IN_MOVED_TO
    private const uint Created = 0x100; // IN_CREATE
    private const uint Deleted = 0x200; // IN_DELETE
    private const uint DeletedItself = 0x400; // IN_DELETE_SELF
    private const uint MovedItself = 0x800; // IN_MOVE_SELF
    private const uint Unmounted = 0x2000; // IN_UNMOUNT
    private const uint QueueOverflow = 0x4000; // IN_Q_OVERFLOW
    private const uint WatchEnded = 0x8000; // IN_IGNORED
    private const uint IsFolder = 0x4000_0000; // IN_ISDIR
    private const uint NoDeletedFiles = 0x0400_0000; // IN_EXCL_UNLINK

    // Without single writes: a file that is copied causes one event at its start and one at its end.
    private const uint Events = AttributesChanged | ClosedAfterWriting | MovedFrom | MovedTo | Created | Deleted | DeletedItself | MovedItself | NoDeletedFiles;

    private const int EventSize = 16;
    private const int EventsOffset = 4;
    private const int LengthOffset = 12;
    private const int BufferSize = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Dictionary<WatchScan, WatchedNames>> _watches = [];
    private readonly HashSet<WatchGroup> _groups = [];
    private readonly SafeFileHandle? _notifier;
    private readonly SafeFileHandle? _end;
    private readonly byte[] _buffer = new byte[BufferSize];
    private long _removals;
    private bool _isDisposed;

    private FolderWatcher(SafeFileHandle? notifier, SafeFileHandle? end, string? problem) => (_notifier, _end, Problem) = (notifier, end, problem);

    /// <summary>Why nothing can be watched, a clause; null: it can.</summary>
    public string? Problem { get; }

    /// <summary>The folders that are watched now.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _watches.Count;
        }
    }

    /// <summary>Starts a watcher, with a thread that waits for events.</summary>
    public static FolderWatcher Start()
    {
        int notifier = Libc.CreateNotifier(Libc.OpenNoBlock | Libc.OpenCloseOnExec);
        if (notifier < 0)
        {
            string reason = Marshal.GetLastPInvokeError() is Libc.ErrorTooManyFiles
                ? $"the system allows this user no more watchers of folders; {WatchLimits.Advise("max_user_instances")}"
                : $"the system does not watch folders: {Marshal.GetLastPInvokeErrorMessage()}";
            return Failed(reason);
        }

        var handle = new SafeFileHandle(notifier, ownsHandle: true);
        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.OpenCloseOnExec) != 0)
        {
            handle.Dispose();
            return Failed("the system allows no more open files");
        }

        var read = new SafeFileHandle(ends[0], ownsHandle: true);
        var watcher = new FolderWatcher(handle, new SafeFileHandle(ends[1], ownsHandle: true), null);
        new Thread(() => watcher.Wait(read)) { IsBackground = true, Name = "folder watch" }.Start();
        return watcher;
    }

    /// <summary>A watcher that watches nothing.</summary>
    /// <param name="problem">Why, a clause.</param>
    public static FolderWatcher Failed(string problem) => new(null, null, problem);

    /// <summary>Creates a group of watches.</summary>
    /// <param name="changed">Called after a change. It must return at once, and must not call the watcher.</param>
    public WatchGroup CreateGroup(Action changed)
    {
        var group = new WatchGroup(this, changed);
        lock (_lock)
            _groups.Add(group);
        return group;
    }

    /// <summary>Tells the groups about all changes that the kernel knows of now. It never waits.</summary>
    public void TakeEvents()
    {
        lock (_lock)
        {
            if (_isDisposed || _notifier is null)
                return;
            using var held = new HeldHandle(_notifier);
            var changed = new HashSet<WatchGroup>();
            fixed (byte* buffer = _buffer)
            {
                nint count;
                while ((count = Libc.Read((int)held.Value, buffer, BufferSize)) > 0)
                    for (byte* next = buffer; next < buffer + count; next += EventSize + *(int*)(next + LengthOffset))
                        Take(*(int*)next, *(uint*)(next + EventsOffset), NameOf(next), changed);
            }

            foreach (WatchGroup group in changed)
                group.Changed();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _end?.Dispose();
            _notifier?.Dispose();
        }
    }

    /// <summary>Watches a folder for a scan.</summary>
    /// <param name="path">The folder; links are followed.</param>
    /// <param name="name">Only what has this name in it counts; null: everything.</param>
    /// <param name="scan">The scan.</param>
    /// <param name="error">The system's error, if it is not watched.</param>
    /// <returns>The watch; -1: it is not watched.</returns>
    internal int Add(string path, string? name, WatchScan scan, out int error)
    {
        error = 0;
        while (true)
        {
            long removals;
            lock (_lock)
            {
                if (_isDisposed || _notifier is null)
                    return -1;
                removals = _removals;
            }

            int watch;
            try
            {
                using var held = new HeldHandle(_notifier);
                watch = Libc.AddWatch((int)held.Value, path, Events);
                error = watch < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            catch (ObjectDisposedException)
            {
                return -1;
            }

            if (watch < 0)
                return -1;
            lock (_lock)
            {
                // Another scan may have removed this watch between the two locks.
                if (removals != _removals)
                    continue;
                if (!_watches.ContainsKey(watch) && _watches.Count >= MaxWatches)
                {
                    Remove(watch);
                    error = Libc.ErrorTooManyFiles;
                    return -1;
                }

                Note(watch, name, scan);
                return watch;
            }
        }
    }

    /// <summary>Adds a name to a watch of a scan.</summary>
    internal void AddName(int watch, string name, WatchScan scan)
    {
        lock (_lock)
            if (_watches.TryGetValue(watch, out Dictionary<WatchScan, WatchedNames>? scans) && scans.TryGetValue(scan, out WatchedNames? names))
                names.Add(name);
    }

    /// <summary>Allows to look at new entries of a folder of a scan, because its disk never waits.</summary>
    internal void LookIn(string folder, int watch, WatchScan scan)
    {
        lock (_lock)
            if (_watches.TryGetValue(watch, out Dictionary<WatchScan, WatchedNames>? scans) && scans.TryGetValue(scan, out WatchedNames? names))
                names.LookIn(folder);
    }

    /// <summary>Ends the watches that only this scan needs.</summary>
    internal void Release(WatchScan scan, IEnumerable<int> watches)
    {
        lock (_lock)
        {
            foreach (int watch in watches)
                if (_watches.TryGetValue(watch, out Dictionary<WatchScan, WatchedNames>? scans) && scans.Remove(scan) && scans.Count == 0)
                    Remove(watch);
        }
    }

    internal void Release(WatchGroup group)
    {
        lock (_lock)
            _groups.Remove(group);
    }

    private void Wait(SafeFileHandle end)
    {
        using (end)
        {
            try
            {
                PollEntry* entries = stackalloc PollEntry[2];
                while (true)
                {
                    using var held = new HeldHandle(_notifier!);
                    entries[0] = new PollEntry { File = (int)held.Value, Events = Libc.PollIn };
                    entries[1] = new PollEntry { File = (int)end.DangerousGetHandle(), Events = Libc.PollIn };
                    _ = Libc.Poll(entries, 2, -1);
                    if (entries[1].Returned != 0)
                        return;
                    TakeEvents();
                }
            }
            catch (ObjectDisposedException)
            {
                // It was disposed between two waits.
            }
        }
    }

    private void Note(int watch, string? name, WatchScan scan)
    {
        if (!_watches.TryGetValue(watch, out Dictionary<WatchScan, WatchedNames>? scans))
            _watches[watch] = scans = [];
        if (!scans.TryGetValue(scan, out WatchedNames? names))
            scans[scan] = names = new WatchedNames();
        names.Add(name);
    }

    private void Remove(int watch)
    {
        _watches.Remove(watch);
        _removals++;
        if (_isDisposed || _notifier is null)
            return;
        using var held = new HeldHandle(_notifier);
        _ = Libc.RemoveWatch((int)held.Value, watch);
    }

    private void Take(int watch, uint events, string name, HashSet<WatchGroup> changed)
    {
        if ((events & QueueOverflow) != 0)
        {
            changed.UnionWith(_groups);
            return;
        }

        if (!_watches.TryGetValue(watch, out Dictionary<WatchScan, WatchedNames>? scans))
            return;
        bool isEnd = (events & (WatchEnded | Unmounted | DeletedItself | MovedItself)) != 0;
        (bool isFolder, bool isNew) = ((events & IsFolder) != 0, (events & (Created | MovedTo)) != 0);
        foreach ((WatchScan scan, WatchedNames names) in scans)
            if (isEnd || names.Contains(name, scan.Extension, isFolder, isNew))
                changed.Add(scan.Group);
        if ((events & WatchEnded) == 0)
            return;
        _watches.Remove(watch);
        _removals++;
    }

    private static string NameOf(byte* entry)
    {
        // An event of the folder itself has no name, and the next event may follow. The kernel fills the rest of a name with zeros.
        var name = new ReadOnlySpan<byte>(entry + EventSize, *(int*)(entry + LengthOffset));
        int end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }
}
