namespace ModelRunner.Daemon.Runners;

/// <summary>
/// One reader of the output of all runners, also of those that start later. A runner that another start of its model replaces is read to its end. Not
/// thread-safe.
/// </summary>
/// <param name="logs">The outputs.</param>
/// <param name="model">Only of this canonical reference; null: all.</param>
internal sealed class LogFollower(RunnerLogs logs, string? model)
{
    private readonly SortedDictionary<long, (RunnerLog Log, LogCursor Cursor)> _open = [];

    /// <summary>The lines since the last call, in the order of the starts.</summary>
    public IReadOnlyList<(RunnerLog Log, string Line)> Read()
    {
        IReadOnlyList<RunnerLog> found = logs.List(model);
        foreach (RunnerLog log in found)
            _open.TryAdd(log.Number, (log, new LogCursor(log.Process)));

        List<(RunnerLog Log, string Line)> lines = [];
        foreach ((RunnerLog log, LogCursor cursor) in _open.Values)
            lines.AddRange(cursor.Read().Select(line => (log, line)));

        // One that ended and is still found stays: its output would be read again.
        HashSet<long> listed = [.. found.Select(static log => log.Number)];
        foreach (long number in _open.Where(open => open.Value.Cursor.IsEnded && !listed.Contains(open.Key)).Select(static open => open.Key).ToArray())
            _open.Remove(number);
        return lines;
    }
}
