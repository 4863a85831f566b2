using ModelRunner.Configuration;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Looks at the files that the configuration names. Each may be on a disk of another machine that does not respond. Such a disk delays the models once; then
/// what was known of its files is used until it responds. Used by one thread at a time.
/// </summary>
/// <param name="threads">The threads that wait for the disks.</param>
/// <param name="time">The clock.</param>
/// <param name="responded">Called when a disk has responded after all.</param>
internal sealed class ConfiguredFiles(ISourceThreads threads, TimeProvider time, Action responded)
{
    /// <summary>How long the models wait for a disk.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Task<ConfiguredFile>> _reading = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ConfiguredFile> _known = new(StringComparer.Ordinal);

    /// <summary>Looks at all files that the settings name.</summary>
    /// <returns>What is at each path. It waits for no path whose last reading has not ended.</returns>
    public IReadOnlyDictionary<string, ConfiguredFile> Read(DaemonSettings settings)
    {
        string[] paths = [.. settings.Models.Values.SelectMany(PathsOf).Distinct(StringComparer.Ordinal)];
        foreach (string ended in _reading.Where(static reading => reading.Value.IsCompleted).Select(static reading => reading.Key).ToArray())
            _reading.Remove(ended);
        foreach (string path in _known.Keys.Except(paths, StringComparer.Ordinal).ToArray())
            _known.Remove(path);

        Task<ConfiguredFile>[] begun = [.. paths.Where(path => !_reading.ContainsKey(path)).Select(BeginAsync)];
        Wait(Task.WhenAll(begun));
        foreach (string path in paths)
        {
            if (_reading[path] is { IsCompletedSuccessfully: true } read)
                _known[path] = read.Result;
            else
                _known[path] = (_known.GetValueOrDefault(path) ?? ConfiguredFile.Unknown(path)) with { IsHanging = true };
        }

        return new Dictionary<string, ConfiguredFile>(_known, StringComparer.Ordinal);
    }

    private static IEnumerable<string> PathsOf(ModelSettings model) => new[] { model.Path, model.ProjectorPath }.OfType<string>();

    private Task<ConfiguredFile> BeginAsync(string path)
    {
        // To ask for the device of a path could hang already.
        Task<ConfiguredFile> reading = threads.RunAsync(Path.GetDirectoryName(path) ?? "/", static () => { }, () => ConfiguredFile.Read(path));
        _reading[path] = reading;
        return reading;
    }

    private void Wait(Task<ConfiguredFile[]> all)
    {
        try
        {
            all.WaitAsync(Patience, time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            _ = all.ContinueWith(_ => responded(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
