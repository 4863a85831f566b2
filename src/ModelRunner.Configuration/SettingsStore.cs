using System.Collections.Frozen;

namespace ModelRunner.Configuration;

/// <summary>
/// The current settings of the daemon: those of the last reload, with what clients have changed for single models. Thread-safe. Reading
/// <see cref="Current"/> never waits.
/// </summary>
internal sealed class SettingsStore(DaemonSettings settings, DateTimeOffset loadedAt)
{
    private readonly Lock _lock = new();
    private volatile DaemonSettings _written = settings;
    private volatile DaemonSettings _current = settings;
    private volatile IReadOnlyDictionary<string, ModelOverride> _overrides = new Dictionary<string, ModelOverride>(StringComparer.Ordinal);

    // What engines know that were asked for changes of clients, by the names of builds; "" is the default engine. Replaced as a whole.
    private IReadOnlyDictionary<string, EngineFlags> _flags = FrozenDictionary<string, EngineFlags>.Empty;
    private volatile ReloadSnapshot _lastReload = new(IsSuccessful: true, loadedAt);
    private volatile IReadOnlyList<string> _problems = [];
    private volatile IReadOnlyList<string> _waiting = [];
    private volatile IReadOnlyList<Func<SettingsChange, Task>> _subscribers = [];
    private Task _replacing = Task.CompletedTask;

    /// <summary>The settings. They are replaced as a whole.</summary>
    public DaemonSettings Current => _current;

    /// <summary>The settings of the last reload, without the changes of clients.</summary>
    public DaemonSettings Written => _written;

    /// <summary>What clients have changed, by the canonical reference of the model.</summary>
    public IReadOnlyDictionary<string, ModelOverride> Overrides => _overrides;

    /// <summary>The result of the last reload. The start counts as a successful one.</summary>
    public ReloadSnapshot LastReload => _lastReload;

    /// <summary>Why the last reload was not used, a sentence for each problem; empty: it was.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The options whose new values need a restart of the daemon.</summary>
    public IReadOnlyList<string> Waiting => _waiting;

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

    /// <summary>
    /// Replaces what clients have changed, and tells all subscribers. It is not a reload: <see cref="LastReload"/> stays. A reload keeps the changes.
    /// </summary>
    /// <param name="change">Makes the new changes from the current ones. An exception of it is thrown, and nothing changes.</param>
    /// <param name="flags">The arguments that the engine of the model knows; null: they are not known, or known already.</param>
    /// <param name="build">The build of llama-server that <paramref name="flags"/> belongs to; null: the default engine.</param>
    /// <param name="check">Gets the settings with the changes. No other change is made meanwhile. An exception of it is thrown, and nothing changes.</param>
    /// <param name="asked">
    /// The written settings when the engine was asked for its arguments; null: the current ones. After a reload the engine may be another program, so
    /// <paramref name="flags"/> are not used then.
    /// </param>
    /// <exception cref="AggregateException">Subscribers failed. All others were told.</exception>
    public Task OverrideAsync(
        Func<IReadOnlyDictionary<string, ModelOverride>, IReadOnlyDictionary<string, ModelOverride>> change, EngineFlags? flags,
        string? build = null, Func<DaemonSettings, Task>? check = null, DaemonSettings? asked = null)
    {
        lock (_lock)
            return _replacing = OverrideAfterAsync(_replacing, change, flags is null ? null : KeyValuePair.Create(build ?? "", flags), check, asked);
    }

    /// <summary>Notes that a reload failed. The settings stay.</summary>
    /// <param name="problems">Why it failed, a sentence for each problem.</param>
    public void NoteFailure(params IReadOnlyList<string> problems)
    {
        lock (_lock)
            (_lastReload, _problems) = (_lastReload with { IsSuccessful = false }, problems);
    }

    /// <summary>Notes which options of a reload need a restart.</summary>
    public void NoteWaiting(IReadOnlyList<string> options) => _waiting = options;

    private async Task ReplaceAfterAsync(Task before, DaemonSettings next, DateTimeOffset now)
    {
        // The caller holds the lock, which no subscriber may wait for.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        _written = next;

        // They may be those of a program that was replaced.
        _flags = FrozenDictionary<string, EngineFlags>.Empty;
        await ApplyAsync(isReload: true);
        lock (_lock)
            (_lastReload, _problems) = (new ReloadSnapshot(IsSuccessful: true, now), []);
    }

    private async Task OverrideAfterAsync(
        Task before, Func<IReadOnlyDictionary<string, ModelOverride>, IReadOnlyDictionary<string, ModelOverride>> change,
        KeyValuePair<string, EngineFlags>? flags, Func<DaemonSettings, Task>? check, DaemonSettings? asked)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        IReadOnlyDictionary<string, ModelOverride> next = change(_overrides);
        IReadOnlyDictionary<string, EngineFlags> known = flags is { } added && (asked is null || ReferenceEquals(asked, _written))
            ? _flags.Where(engine => engine.Key != added.Key).Append(added).ToFrozenDictionary(StringComparer.Ordinal)
            : _flags;
        if (check is not null)
            await check(_written.With(next, known));
        (_overrides, _flags) = (next, known);
        await ApplyAsync(isReload: false);
    }

    private async Task ApplyAsync(bool isReload)
    {
        DaemonSettings next = _written.With(_overrides, _flags);
        var change = new SettingsChange(_current, next) { IsReload = isReload };
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
    }
}
