using ModelRunner.Configuration;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Looks at the files that the configuration names. Each may be on a disk of another machine that does not respond. Such a disk delays the models once; then
/// what was known of its files is used until it responds. A disk that responds late is usable too. Used by one thread at a time.
/// </summary>
/// <param name="threads">The threads that wait for the disks.</param>
/// <param name="time">The clock.</param>
/// <param name="responded">Called when a disk has responded after all. The next call of <see cref="Read"/> has the result.</param>
internal sealed class ConfiguredFiles(ISourceThreads threads, TimeProvider time, Action responded)
{
    /// <summary>How long the models wait for a disk.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Task<ConfiguredFile>> _reading = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfiguredFile> _known = new(StringComparer.Ordinal);

    // The paths whose last reading took longer than the models wait.
    private readonly HashSet<string> _slow = new(StringComparer.Ordinal);
    private int _hasResponded;

    /// <summary>Looks at all files that the settings name.</summary>
    /// <returns>What is at each path. It waits for no path whose last reading has not ended.</returns>
    public IReadOnlyDictionary<string, ConfiguredFile> Read(DaemonSettings settings)
    {
        string[] paths = [.. settings.Models.Values.SelectMany(PathsOf).Distinct(StringComparer.Ordinal)];
        bool isAnswer = Interlocked.Exchange(ref _hasResponded, 0) == 1;
        HashSet<string> late = TakeLate();
        foreach (string path in _known.Keys.Except(paths, StringComparer.Ordinal).ToArray())
            _known.Remove(path);

        // If slow disks were read again when one of them has responded, they would cause one scan after another.
        bool IsFresh(string path) => _known.ContainsKey(path) && (late.Contains(path) || (isAnswer && _slow.Contains(path)));
        string[] asked = [.. paths.Where(path => !_reading.ContainsKey(path) && !IsFresh(path))];
        Wait([.. asked.Select(BeginAsync)]);
        _slow.ExceptWith(asked);
        foreach (string path in paths.Where(_reading.ContainsKey))
        {
            if (_reading[path] is not { IsCompletedSuccessfully: true } read)
            {
                _slow.Add(path);
                _known[path] = (_known.GetValueOrDefault(path) ?? ConfiguredFile.Unknown(path, "is on a disk that does not respond")) with { IsHanging = true };
                continue;
            }

            _known[path] = read.Result;
            _reading.Remove(path);
        }

        _slow.IntersectWith(paths);

        return new Dictionary<string, ConfiguredFile>(_known, StringComparer.Ordinal);
    }

    // Takes the results of the readings that ended after the models had stopped waiting for them.
    private HashSet<string> TakeLate()
    {
        HashSet<string> late = new(StringComparer.Ordinal);
        foreach ((string path, Task<ConfiguredFile> reading) in _reading.Where(static reading => reading.Value.IsCompleted).ToArray())
        {
            _reading.Remove(path);
            if (!reading.IsCompletedSuccessfully)
                continue;
            _known[path] = reading.Result;
            late.Add(path);
        }

        return late;
    }

    private static IEnumerable<string> PathsOf(ModelSettings model) => new[] { model.Path, model.ProjectorPath }.OfType<string>();

    private Task<ConfiguredFile> BeginAsync(string path)
    {
        Task<ConfiguredFile> reading;
        try
        {
            // To ask for the device of a path could hang already.
            reading = threads.RunAsync(Path.GetDirectoryName(path) ?? "/", static () => { }, () => ConfiguredFile.Read(path));
        }
        catch (OutOfMemoryException)
        {
            reading = Task.FromResult(
                _known.GetValueOrDefault(path) ?? ConfiguredFile.Unknown(path, "cannot be read: the system allows no more threads"));
        }

        _reading[path] = reading;
        return reading;
    }

    private void Wait(Task<ConfiguredFile>[] begun)
    {
        try
        {
            Task.WhenAll(begun).WaitAsync(Patience, time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            foreach (Task<ConfiguredFile> reading in begun.Where(static reading => !reading.IsCompleted))
                _ = reading.ContinueWith(_ => Respond(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    // One scan takes the results of all readings that ended before it.
    private void Respond()
    {
        if (Interlocked.Exchange(ref _hasResponded, 1) == 0)
            responded();
    }
}
