using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>Runs pulls: asks for the files, checks the space, fetches them, and lists the model. A limited number runs at once.</summary>
internal sealed class PullRunner(ModelStore store, RegistryPlanner registries, SharedFetches fetches, PullSettings settings) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(settings.MaxPulls);

    /// <summary>Runs one pull to its end.</summary>
    public async Task<PullOutcome> RunAsync(Pull pull, CancellationToken cancellationToken)
    {
        try
        {
            await _slots.WaitAsync(cancellationToken);
            try
            {
                return await RunNowAsync(pull, cancellationToken);
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (Exception failure) when (PullFailure.Explain(failure, cancellationToken.IsCancellationRequested) is { } outcome)
        {
            return outcome;
        }
        finally
        {
            pull.Enter(PullStage.Ended);
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task<PullOutcome> RunNowAsync(Pull pull, CancellationToken cancellationToken)
    {
        pull.Enter(PullStage.Resolving);
        PullPlan plan = await registries.PlanAsync(pull.Name, cancellationToken);
        string tag = pull.Name.ToString();
        Digest id = ContentHash.Of(plan.ManifestBytes.Span);
        if (store.Read().Find(id) is { } known && plan.Manifest.Files.All(store.Has))
        {
            StoreEntry tagged = known.Tags.Contains(tag, StringComparer.Ordinal) ? known : await store.TagAsync(id, tag, cancellationToken);
            return new PullOutcome(PullResult.Unchanged, $"Using cached model: {SpaceCheck.Show(plan.Manifest.TotalBytes)}", tagged);
        }

        SpaceCheck.Check(store, plan.Manifest, settings.SpareBytes);
        using IDisposable held = store.Holds.Hold([.. plan.Manifest.Files.Select(static file => file.Digest)]);
        pull.Enter(PullStage.Fetching);
        StoreEntry entry = await FetchAndListAsync(pull, plan, tag, cancellationToken);
        return new PullOutcome(PullResult.Success, "Model pulled successfully", entry);
    }

    // Another process may remove a file between the fetch and the listing. Then it is fetched once more.
    private async Task<StoreEntry> FetchAndListAsync(Pull pull, PullPlan plan, string tag, CancellationToken cancellationToken)
    {
        try
        {
            await FetchAsync(pull, plan, cancellationToken);
            return await store.AddAsync(plan.ManifestBytes, tag, cancellationToken);
        }
        catch (StoreException failure) when (failure.Reason == StoreErrorReason.MissingFile)
        {
            await FetchAsync(pull, plan, cancellationToken);
            return await store.AddAsync(plan.ManifestBytes, tag, cancellationToken);
        }
    }

    private async Task FetchAsync(Pull pull, PullPlan plan, CancellationToken cancellationToken)
    {
        FileProgress[] files = [.. plan.Manifest.Files.Select(static file => new FileProgress(file))];
        pull.Show(files);
        await Parallel.ForEachAsync(
            files, new ParallelOptions { MaxDegreeOfParallelism = settings.MaxFilesOfPull, CancellationToken = cancellationToken },
            async (file, token) => await FetchAsync(file, plan.Open, token));
    }

    private async Task FetchAsync(FileProgress file, FileOpener open, CancellationToken cancellationToken)
    {
        await using SharedFetch fetch = fetches.Join(file.File, open);
        file.Follow(fetch.Progress);
        await fetch.Completion.WaitAsync(cancellationToken);
        file.Reach(file.File.Size);
    }
}
