namespace ModelRunner.Configuration;

/// <summary>
/// The current settings of the daemon, which a reload replaces. Thread-safe. Reading <see cref="Current"/> never waits.
/// </summary>
internal sealed class SettingsStore(DaemonSettings settings, DateTimeOffset loadedAt)
{
    private readonly Lock _lock = new();
    private volatile DaemonSettings _current = settings;
    private volatile ReloadSnapshot _lastReload = new(IsSuccessful: true, loadedAt);
    private volatile IReadOnlyList<Func<SettingsChange, Task>> _subscribers = [];
    private Task _replacing = Task.CompletedTask;

    /// <summary>The settings. They are replaced as a whole.</summary>
    public DaemonSettings Current => _current;

    /// <summary>The result of the last reload. The start counts as a successful one.</summary>
    public ReloadSnapshot LastReload => _lastReload;

    /// <summary>Calls this function for every later change, after all functions that subscribed before it have completed.</summary>
    public void Subscribe(Func<SettingsChange, Task> subscriber)
    {
        lock (_lock)
            _subscribers = [.. _subscribers, subscriber];
    }

    /// <summary>Calls this function for every later change, after all functions that subscribed before it have completed.</summary>
    public void Subscribe(Action<DaemonSettings> subscriber) => Subscribe(change =>
    {
        subscriber(change.Next);
        return Task.CompletedTask;
    });

    /// <summary>
    /// Replaces the settings and tells all subscribers. Returns when they have completed. Changes are made one after another, in the order of
    /// the calls.
    /// </summary>
    /// <param name="next">The new settings.</param>
    /// <param name="now">The time of the change.</param>
    /// <exception cref="AggregateException">Subscribers failed. All others were told.</exception>
    public Task ReplaceAsync(DaemonSettings next, DateTimeOffset now)
    {
        lock (_lock)
            return _replacing = ReplaceAfterAsync(_replacing, next, now);
    }

    /// <summary>Notes that a reload failed. The settings stay.</summary>
    public void NoteFailure()
    {
        lock (_lock)
            _lastReload = _lastReload with { IsSuccessful = false };
    }

    private async Task ReplaceAfterAsync(Task before, DaemonSettings next, DateTimeOffset now)
    {
        // The caller holds the lock, which no subscriber may wait for.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        var change = new SettingsChange(_current, next);
        _current = next;
        List<Exception> failures = [];
        foreach (Func<SettingsChange, Task> subscriber in _subscribers)
        {
            try
            {
                await subscriber(change);
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
            throw new AggregateException(failures);
        lock (_lock)
            _lastReload = new ReloadSnapshot(IsSuccessful: true, now);
    }
}
