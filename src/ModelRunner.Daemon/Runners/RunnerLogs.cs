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
    private long _lastNumber;

    /// <summary>A runner was started.</summary>
    public void Begin(RunnerKey key, IManagedRunner process)
    {
        lock (_lock)
        {
            _byKey[key] = new RunnerLog(key, ++_lastNumber, process);
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
