using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Finds the models with <c>preload</c> and tells the pool to load them: at start, and after each reload. If the store cannot be read in time, it looks
/// again. Thread-safe: the settings of the last call win, and an earlier call that still looks for models stops.
/// </summary>
/// <param name="catalog">Finds the models.</param>
/// <param name="settings">Returns the current settings.</param>
/// <param name="pool">Loads the models.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ResidentLoader(
    ModelCatalog catalog, Func<DaemonSettings> settings, RunnerPool pool, TimeProvider time, ILogger<ResidentLoader> logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private int _calls;

    /// <summary>Applies the current settings. Completes when the models are found, not when they are loaded.</summary>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        int call;
        lock (_gate)
            call = ++_calls;
        if (await TryApplyAsync(call, known: -1, cancellationToken) is { IsRead: false, Found: var found })
            _ = RetryAsync(call, found, cancellationToken);
    }

    private async Task RetryAsync(int call, int found, CancellationToken cancellationToken)
    {
        try
        {
            for (TimeSpan pause = FirstRetry; ; pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry)
            {
                await Task.Delay(pause, time, cancellationToken);
                if (await TryApplyAsync(call, found, cancellationToken) is not { IsRead: false } attempt)
                    return;
                found = attempt.Found;
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            LogRetryFailed(failure);
        }
    }

    /// <param name="call">The number of the call for which this is done.</param>
    /// <param name="known">How many models an earlier attempt of this call has found; negative: this is the first one.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>How many models were found, and whether all could be read; null: a later call replaces this one.</returns>
    private async Task<(int Found, bool IsRead)?> TryApplyAsync(int call, int known, CancellationToken cancellationToken)
    {
        var residents = new Dictionary<RunnerKey, ModelEntry>();
        bool isRead = true;
        foreach (string reference in settings().Models.Where(static model => model.Value.IsPreloaded).Select(static model => model.Key))
        {
            if (call != Volatile.Read(ref _calls))
                return null;
            ModelLookup lookup = await catalog.FindAsync(reference, cancellationToken);
            isRead &= lookup.Reason != ModelLookupReason.NotRead;
            string? problem = lookup.Model is { } model ? Add(model, residents) : lookup.Problem;
            if (problem is not null && known < 0)
                LogNotFound(reference, problem);
        }

        lock (_gate)
        {
            if (call != _calls)
                return null;

            // A list that is sent again would bring back the models that someone has unloaded.
            if (residents.Count > known)
                pool.SetResidents(residents);
        }

        return (Math.Max(known, residents.Count), isRead);
    }

    /// <returns>Why it cannot be loaded; null: it can.</returns>
    private string? Add(ModelEntry model, Dictionary<RunnerKey, ModelEntry> residents)
    {
        RunnerMode mode = model.Settings.Mode ?? (model.Modes.Count > 0 ? model.Modes[0] : RunnerMode.Completion);
        RunnerKey key = pool.KeyOf(null, model, mode);
        if (pool.CannotServe(key, model) is { } problem)
            return problem;
        residents[key] = model;
        return null;
    }

    [LoggerMessage(LogLevel.Warning, "Model {Model} is not preloaded: {Problem}")]
    private partial void LogNotFound(string model, string problem);

    [LoggerMessage(LogLevel.Error, "Internal error: the search for models to preload ended.")]
    private partial void LogRetryFailed(Exception failure);
}
