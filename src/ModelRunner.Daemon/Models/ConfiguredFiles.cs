using ModelRunner.Configuration;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Looks at the files that the configuration names. Each may be on a disk of another machine that does not respond. Such a disk delays the models once; then
/// what was known of its files is used until it responds. A disk that always responds late is usable too, and nobody waits for it again. Safe to call from
/// any thread.
/// </summary>
/// <param name="threads">The threads that wait for the disks.</param>
/// <param name="time">The clock.</param>
/// <param name="responded">Called when a disk has responded after nobody waited any more. The next call has the result.</param>
internal sealed class ConfiguredFiles(ISourceThreads threads, TimeProvider time, Action responded)
{
    /// <summary>How long the models wait for a disk.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Reading> _reading = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfiguredFile> _known = new(StringComparer.Ordinal);

    // The paths whose last reading took longer than the models wait.
    private readonly HashSet<string> _slow = new(StringComparer.Ordinal);
    private int _hasResponded;

    /// <summary>Looks at all files that the settings name.</summary>
    /// <returns>What is at each path.</returns>
    public IReadOnlyDictionary<string, ConfiguredFile> Read(DaemonSettings settings) => Look(settings, static _ => true);

    /// <summary>Looks at some files again.</summary>
    /// <returns>What is at each path that the settings name.</returns>
    public IReadOnlyDictionary<string, ConfiguredFile> Read(DaemonSettings settings, IReadOnlyCollection<string> paths) => Look(settings, paths.Contains);

    /// <summary>What was found last. It looks only at files of which nothing is known.</summary>
    /// <returns>What is at each path that the settings name.</returns>
    public IReadOnlyDictionary<string, ConfiguredFile> Find(DaemonSettings settings) => Look(settings, path => !_known.ContainsKey(path));

    private Dictionary<string, ConfiguredFile> Look(DaemonSettings settings, Func<string, bool> isWanted)
    {
        string[] paths = [.. settings.Models.Values.SelectMany(PathsOf).Distinct(StringComparer.Ordinal)];
        Volatile.Write(ref _hasResponded, 0);
        Task[] awaited;
        lock (_lock)
        {
            foreach (string path in _known.Keys.Except(paths, StringComparer.Ordinal).ToArray())
                _known.Remove(path);
            Take();
            foreach (string path in paths.Where(path => isWanted(path) && !_reading.ContainsKey(path)).ToArray())
                Begin(path);
            awaited =
            [
                .. paths.Where(path => _reading.ContainsKey(path) && (isWanted(path) || !_known.ContainsKey(path)) && !_slow.Contains(path) && !IsLate(path))
                    .Select(path => _reading[path].Result),
            ];
        }

        Wait(awaited);
        lock (_lock)
        {
            Take();
            foreach (string path in paths.Where(_reading.ContainsKey))
            {
                if (IsLate(path))
                    _slow.Add(path);
                ConfiguredFile known = _known.GetValueOrDefault(path) ?? ConfiguredFile.Unknown(path, "is on a disk that does not respond");
                _known[path] = known with { IsHanging = known.IsHanging || !known.WasRead || IsLate(path) };
            }

            foreach (Reading reading in _reading.Values.Where(static reading => !reading.IsFollowed))
            {
                reading.IsFollowed = true;
                _ = reading.Result.ContinueWith(_ => Respond(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }

            _slow.IntersectWith(paths);

            // A call with other settings may have forgotten a path meanwhile.
            return paths.ToDictionary(
                static path => path, path => _known.GetValueOrDefault(path) ?? ConfiguredFile.Unknown(path, "could not be read"), StringComparer.Ordinal);
        }
    }

    private bool IsLate(string path) => time.GetElapsedTime(_reading[path].Began) >= Patience;

    // Takes the results of the readings that have ended.
    private void Take()
    {
        foreach ((string path, Reading reading) in _reading.Where(static reading => reading.Value.Result.IsCompleted).ToArray())
        {
            _reading.Remove(path);
            if (!reading.Result.IsCompletedSuccessfully)
                continue;
            _known[path] = reading.Result.Result.File;
            if (reading.Result.Result.Duration < Patience)
                _slow.Remove(path);
            else
                _slow.Add(path);
        }
    }

    private static IEnumerable<string> PathsOf(ModelSettings model) => new[] { model.Path, model.ProjectorPath }.OfType<string>();

    private void Begin(string path)
    {
        long began = time.GetTimestamp();
        try
        {
            // To ask for the device of a path could hang already.
            _reading[path] = new Reading(
                threads.RunAsync(Path.GetDirectoryName(path) ?? "/", static () => { }, () => (ConfiguredFile.Read(path), time.GetElapsedTime(began))), began);
        }
        catch (OutOfMemoryException)
        {
            _known.TryAdd(path, ConfiguredFile.Unknown(path, "cannot be read: the system allows no more threads"));
        }
    }

    private void Wait(Task[] begun)
    {
        try
        {
            Task.WhenAll(begun).WaitAsync(Patience, time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // What is known is used.
        }
    }

    // One call takes the results of all readings that ended before it.
    private void Respond()
    {
        if (Interlocked.Exchange(ref _hasResponded, 1) == 0)
            responded();
    }

    private sealed class Reading(Task<(ConfiguredFile File, TimeSpan Duration)> result, long began)
    {
        public Task<(ConfiguredFile File, TimeSpan Duration)> Result => result;

        public long Began => began;

        public bool IsFollowed { get; set; }
    }
}
