using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The output of the last start of each model, also after its end. Each is a ring of 64 KiB that the engine writes without waiting, so their memory is
/// bounded by their number. Thread-safe.
/// </summary>
internal sealed class RunnerLogs
{
    /// <summary>The most models whose output is kept.</summary>
    public const int MaxLogs = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<RunnerKey, RunnerLog> _byKey = [];
    private readonly List<Queue<RunnerLog>> _readers = [];
    private long _lastNumber;

    /// <summary>The most starts between two calls of one reader that it gets.</summary>
    public const int MaxUnread = 64;

    /// <summary>Begins to keep the starts for a reader, until <see cref="Remove"/>: also one that another start replaces before the reader looks.</summary>
    public Queue<RunnerLog> AddReader()
    {
        var starts = new Queue<RunnerLog>();
        lock (_lock)
            _readers.Add(starts);
        return starts;
    }

    /// <summary>A reader has ended.</summary>
    public void Remove(Queue<RunnerLog> reader)
    {
        lock (_lock)
            _readers.Remove(reader);
    }

    /// <summary>The starts since the last call of this reader, and those that are kept.</summary>
    /// <param name="reader">What <see cref="AddReader"/> returned.</param>
    public IReadOnlyList<RunnerLog> Take(Queue<RunnerLog> reader)
    {
        lock (_lock)
        {
            RunnerLog[] starts = [.. reader];
            reader.Clear();
            return [.. starts.Union(_byKey.Values).OrderBy(static log => log.Number)];
        }
    }

    /// <summary>A runner was started.</summary>
    public void Begin(RunnerKey key, IManagedRunner process)
    {
        lock (_lock)
        {
            RunnerLog started = _byKey[key] = new RunnerLog(key, ++_lastNumber, process);
            foreach (Queue<RunnerLog> reader in _readers)
            {
                // A reader that does not look takes no more memory than the kept ones.
                reader.Enqueue(started);
                if (reader.Count > MaxUnread)
                    reader.Dequeue();
            }

            if (_byKey.Count <= MaxLogs)
                return;

            // A process that lives is worth more than one that has ended.
            RunnerLog least = _byKey.Values.OrderBy(static log => !log.Process.Exited.IsCompleted).ThenBy(static log => log.Number).First();
            _byKey.Remove(least.Key);
        }
    }

    /// <summary>The outputs, in the order of the starts.</summary>
    /// <param name="model">Only of this canonical reference; null: all.</param>
    public IReadOnlyList<RunnerLog> List(string? model)
    {
        lock (_lock)
        {
            return
            [
                .. _byKey.Values.Where(log => model is null || string.Equals(log.Key.Model, model, StringComparison.Ordinal))
                    .OrderBy(static log => log.Number),
            ];
        }
    }
}
