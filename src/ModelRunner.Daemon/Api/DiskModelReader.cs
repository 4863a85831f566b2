using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>Reads what each model occupies, from the last scans in the background.</summary>
internal sealed class DiskModelReader(ModelCatalog catalog, ModelPulls pulls, RunnerPool pool, RequestLedger ledger, FileThreads threads)
{
    public async Task<DiskModels> ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelSource> found = await catalog.ListFoundAsync(cancellationToken);
        (IReadOnlySet<FileId> linked, IReadOnlyList<StoreLeftover> leftovers) = await threads
            .RunAsync(null, () => (StoreLinks.FindOutside(pulls.Store.Folder), FindLeftovers())).WaitAsync(cancellationToken);
        (IReadOnlyList<ModelSpace> models, long total) = ModelSpace.Measure(found, linked);
        RunnerSnapshot[] runners = [.. pool.Runners.Where(static runner => !runner.IsAttached)];
        ILookup<string, string> drafts = runners.Where(static runner => LoadedModels.DraftOf(runner) is not null)
            .ToLookup(static runner => LoadedModels.DraftOf(runner)!.Reference, static runner => runner.Key.Model, StringComparer.Ordinal);
        HashSet<string> loaded = [.. runners.Select(static runner => runner.Key.Model), .. drafts.Select(static draft => draft.Key)];
        return new DiskModels(models, total, await ReadUseAsync(cancellationToken), loaded, drafts, leftovers);
    }

    private IReadOnlyList<StoreLeftover> FindLeftovers()
    {
        try
        {
            return pulls.Store.FindLeftovers();
        }
        catch (StoreException)
        {
            // The list of models shows the problem.
            return [];
        }
    }

    private async Task<IReadOnlyDictionary<string, DateTimeOffset>?> ReadUseAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await LastUse.ReadAsync(ledger, cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
