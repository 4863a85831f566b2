using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Tells the pool after each scan of the models which runners have files or settings that are replaced now. Thread-safe.</summary>
/// <param name="catalog">The models.</param>
/// <param name="pool">The runners.</param>
/// <param name="residents">Gets the new files of models that are loaded without a request.</param>
/// <param name="settings">Returns the current settings.</param>
/// <param name="logger">The log.</param>
internal sealed partial class FileChanges(
    ModelCatalog catalog, RunnerPool pool, ResidentLoader residents, Func<DaemonSettings> settings, ILogger<FileChanges> logger)
{
    /// <summary>Follows the changes of the models until the daemon ends.</summary>
    public void Follow(CancellationToken ending) => catalog.WhenChanged(() => Look(ending));

    private void Look(CancellationToken ending)
    {
        IReadOnlyDictionary<RunnerId, OutdatedReason> outdated = OutdatedRunners.Find(
            pool.Runners, catalog.FindNow, [.. settings().Sources.Select(static source => source.Kind)]);
        if (outdated.Count > 0 && !ending.IsCancellationRequested)
            _ = TellAsync(outdated, ending);
    }

    // The residents come first: one that is stopped is started again at once, and then with the new file.
    private async Task TellAsync(IReadOnlyDictionary<RunnerId, OutdatedReason> outdated, CancellationToken ending)
    {
        try
        {
            await residents.LookAgainAsync(ending);
            pool.Outdate(outdated);
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            LogFailed(failure);
        }
    }

    [LoggerMessage(LogLevel.Error, "Internal error: runners with replaced files or settings were not marked as outdated.")]
    private partial void LogFailed(Exception failure);
}
