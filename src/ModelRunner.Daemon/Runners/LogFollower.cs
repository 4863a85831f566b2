namespace ModelRunner.Daemon.Runners;

/// <summary>
/// One reader of the output of all runners, also of those that start later. A runner that another start of its model replaces is read to its end. Not
/// thread-safe.
/// </summary>
/// <param name="logs">The outputs.</param>
/// <param name="model">Only of this canonical reference; null: all.</param>
internal sealed class LogFollower(RunnerLogs logs, string? model) : IDisposable
{
    private readonly Queue<RunnerLog> _started = logs.AddReader();
    private readonly SortedDictionary<long, (RunnerLog Log, LogCursor Cursor)> _open = [];

    public void Dispose() => logs.Remove(_started);

    /// <summary>The lines since the last call, in the order of the starts.</summary>
    public IReadOnlyList<(RunnerLog Log, string Line)> Read()
    {
        RunnerLog[] found = [.. logs.Take(_started).Where(log => model is null || log.Key.Model == model)];
        foreach (RunnerLog log in found)
            _open.TryAdd(log.Number, (log, new LogCursor(log.Process)));

        List<(RunnerLog Log, string Line)> lines = [];
        foreach ((RunnerLog log, LogCursor cursor) in _open.Values)
            lines.AddRange(cursor.Read().Select(line => (log, line)));

        // One that ended and is still kept stays: its output would be read again.
        HashSet<long> listed = [.. logs.List(model).Select(static log => log.Number)];
        foreach (long number in _open.Where(open => open.Value.Cursor.IsEnded && !listed.Contains(open.Key)).Select(static open => open.Key).ToArray())
            _open.Remove(number);
        return lines;
    }
}
