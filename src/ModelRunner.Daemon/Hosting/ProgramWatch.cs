using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Reports that the program of an engine was replaced, for instance by a package update. It looks at the programs every two seconds. A program that is
/// still being written, or is gone for a moment, is left alone until it is the same twice. Thread-safe.
/// </summary>
internal sealed class ProgramWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Func<IReadOnlyDictionary<string, FileStamp>> _used;
    private readonly Action<string> _replaced;
    private readonly PollTimer _timer;
    private readonly Dictionary<string, FileStamp> _handled = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileStamp> _seen = new(StringComparer.Ordinal);

    /// <param name="used">Returns the programs by their absolute paths, as they were when the settings were checked.</param>
    /// <param name="replaced">Called with the path of a program that was replaced. It must return at once.</param>
    /// <param name="time">The clock.</param>
    public ProgramWatch(Func<IReadOnlyDictionary<string, FileStamp>> used, Action<string> replaced, TimeProvider time)
    {
        (_used, _replaced) = (used, replaced);
        _timer = new PollTimer(Look, time);
        _timer.Start(Interval);
    }

    /// <summary>Looks no more. It does not wait for a look that has begun.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        IReadOnlyDictionary<string, FileStamp> programs = _used();
        foreach (string gone in _seen.Keys.Where(path => !programs.ContainsKey(path)).ToArray())
        {
            _seen.Remove(gone);
            _handled.Remove(gone);
        }

        foreach ((string path, FileStamp used) in programs)
            if (IsReplaced(path, used))
                _replaced(path);
    }

    private bool IsReplaced(string path, FileStamp used)
    {
        var now = FileStamp.Of(path);
        bool isStable = _seen.TryGetValue(path, out FileStamp seen) && seen == now;
        _seen[path] = now;

        // The settings that follow may be refused. Then the same file is not reported again.
        if (!isStable || now == used || now.Kind != FileKind.Regular || (_handled.TryGetValue(path, out FileStamp handled) && handled == now))
            return false;
        _handled[path] = now;
        return true;
    }
}
