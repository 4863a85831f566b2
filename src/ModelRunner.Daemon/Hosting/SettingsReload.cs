using System.Globalization;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Reads the configuration again while the daemon runs, with the checks of the start, and replaces the settings if there is no problem.
/// Thread-safe: reloads are done one after another, and one reload serves all requests that came before it began.
/// </summary>
/// <param name="started">The options with which the daemon was started. Its flags and environment stay.</param>
/// <param name="settings">The settings to replace.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class SettingsReload(
    WrittenOptions started, SettingsStore settings, TimeProvider time, ILogger<SettingsReload> logger)
{
    /// <summary>The most problems that are logged, so that a damaged file cannot push other lines out of the log.</summary>
    private const int MaxLoggedProblems = 100;

    private readonly Lock _lock = new();
    private readonly WrittenOptions _started = started;
    private readonly Lock _stampLock = new();
    private FileStamp _stamp = started.File.Stamp;
    private WrittenOptions _applied = started;
    private Task _reloading = Task.CompletedTask;

    // The reload that has not begun to read the configuration; null: none.
    private Task? _waiting;

    /// <summary>The stamp that the file had when it was read last.</summary>
    public FileStamp ReadStamp
    {
        get
        {
            lock (_stampLock)
                return _stamp;
        }

        private set
        {
            lock (_stampLock)
                _stamp = value;
        }
    }

    /// <summary>Reads the stamp of the file now.</summary>
    public FileStamp FindStamp() => FileStamp.Of(ConfigurationFile.PathOf(_started.Options));

    /// <summary>Reads the configuration. Returns when the new settings are in effect, or the problems are logged. Never throws.</summary>
    public Task ReloadAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _waiting ??= _reloading = ReloadAfterAsync(_reloading, cancellationToken);
    }

    private async Task ReloadAfterAsync(Task before, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_lock)
            _waiting = null;
        try
        {
            await ReloadOnceAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            settings.NoteFailure("The new configuration could not be read: internal error, see the log of the daemon.");
            LogFailed(failure);
        }
    }

    private async Task ReloadOnceAsync(CancellationToken cancellationToken)
    {
        DaemonSettings running = settings.Written;
        ReadStamp = FindStamp();
        SettingsOutcome outcome = SettingsResolver.Resolve(_started.Options, running);
        (DaemonSettings next, IReadOnlyList<ConfigurationProblem> more) = await StartCheck.RunWithoutLogAsync(
            outcome, settings.Overrides, cancellationToken);
        ConfigurationProblem[] problems = [.. outcome.Problems, .. more];
        if (problems.Length > 0)
        {
            string[] sentences = [.. problems.Take(MaxLoggedProblems).Select(static problem => problem.ToString())];
            string refusal = string.Create(
                CultureInfo.InvariantCulture,
                $"The new configuration is not used (problems: {problems.Length}); the daemon continues with the previous settings.");
            settings.NoteFailure([refusal, .. sentences]);
            foreach (string problem in sentences)
                LogProblem(problem);
            LogRefused(refusal);
            return;
        }

        await ReplaceAsync(next);
        string[] waiting = [.. outcome.Written.FindChanged(_started).Where(static option => option.NeedsRestart).Select(static option => option.Name)];
        settings.NoteWaiting(waiting);
        string[] changed =
        [
            .. outcome.Written.FindChanged(_applied).Where(static option => !option.NeedsRestart).Select(static option => option.Name),
            .. NameSections(new SettingsChange(running, next)),
        ];
        _applied = outcome.Written;
        LogReloaded(changed.Length == 0 ? "nothing" : string.Join(", ", changed));
        foreach (string warning in next.Warnings.Except(running.Warnings, StringComparer.Ordinal))
            LogWarning(warning);
        if (waiting.Length > 0)
            LogRestartNeeded(string.Join(", ", waiting));
    }

    private async Task ReplaceAsync(DaemonSettings next)
    {
        try
        {
            await settings.ReplaceAsync(next, time.GetUtcNow());
        }
        catch (AggregateException failure)
        {
            settings.NoteFailure("A part of the daemon does not use the new settings: internal error, restart the daemon.");
            LogPartlyUsed(failure);
        }
    }

    private static IEnumerable<string> NameSections(SettingsChange change)
    {
        if (change.HasOtherEngines)
            yield return "engines";
        if (change.HasOtherModels)
            yield return "models";
        if (change.HasOtherRunners)
            yield return "runners";
        if (change.HasOtherKeys)
            yield return "keys";
    }

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(LogLevel.Error, "{Sentence}")]
    private partial void LogRefused(string sentence);

    [LoggerMessage(LogLevel.Information, "The configuration was read again; changed: {Changes}.")]
    private partial void LogReloaded(string changes);

    [LoggerMessage(LogLevel.Warning, "{Sentence}")]
    private partial void LogWarning(string sentence);

    [LoggerMessage(LogLevel.Warning, "New values of these options need a restart of the daemon: {Options}.")]
    private partial void LogRestartNeeded(string options);

    [LoggerMessage(LogLevel.Error, "Internal error: a part of the daemon does not use the new settings; restart the daemon.")]
    private partial void LogPartlyUsed(Exception failure);

    [LoggerMessage(LogLevel.Error, "Internal error: the configuration could not be read again.")]
    private partial void LogFailed(Exception failure);
}
