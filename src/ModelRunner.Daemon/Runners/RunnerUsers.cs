namespace ModelRunner.Daemon.Runners;

/// <summary>The names of the keys whose requests run on a runner now. Thread-safe.</summary>
internal sealed class RunnerUsers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _requests = new(StringComparer.Ordinal);

    /// <summary>The names, sorted.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
                return [.. _requests.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>A request begins.</summary>
    /// <param name="key">The name of its key; null: it has none.</param>
    public void Add(string? key)
    {
        if (key is null)
            return;
        lock (_lock)
            _requests[key] = _requests.GetValueOrDefault(key) + 1;
    }

    /// <summary>A request has ended.</summary>
    /// <param name="key">What <see cref="Add"/> got.</param>
    public void Remove(string? key)
    {
        if (key is null)
            return;
        lock (_lock)
        {
            if (--_requests[key] == 0)
                _requests.Remove(key);
        }
    }
}
