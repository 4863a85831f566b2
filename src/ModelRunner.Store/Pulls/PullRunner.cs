using System.Diagnostics.CodeAnalysis;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>Runs pulls: asks for the files, checks the space, fetches them, and lists the model. A limited number runs at once.</summary>
/// <param name="store">Gets the files.</param>
/// <param name="registries">Asks registries.</param>
/// <param name="fetches">Fetches files.</param>
/// <param name="settings">The limits.</param>
/// <param name="adoption">Finds files that other tools have; null: none.</param>
/// <param name="hub">Asks Hugging Face; null: it is a registry like others.</param>
[SuppressMessage("Design", "CA1001", Justification = "Semaphores without handles hold only memory, and what ends late still releases them.")]
internal sealed class PullRunner(
    ModelStore store, RegistryPlanner registries, SharedFetches fetches, PullSettings settings, ContentAdoption? adoption = null,
    HubPlanner? hub = null)
{
    private readonly SemaphoreSlim _slots = new(settings.MaxPulls);

    // Taken first. Whoever controls the registry of such a pull decides how long it takes, and must not stop the pulls of others.
    private readonly SemaphoreSlim _limitedSlots = new(settings.MaxLimitedPulls);
    private long _places;

    /// <summary>The limits.</summary>
    public PullSettings Limits => settings;

    /// <summary>Runs one pull to its end.</summary>
    public async Task<PullOutcome> RunAsync(Pull pull, CancellationToken cancellationToken)
    {
        try
        {
            return pull.MustFetch
                ? await InSlotAsync(_limitedSlots, () => RunInLineAsync(pull, cancellationToken), cancellationToken)
                : await RunInLineAsync(pull, cancellationToken);
        }
        catch (Exception failure) when (PullFailure.Explain(failure, cancellationToken.IsCancellationRequested) is { } outcome)
        {
            return outcome;
        }
    }

    /// <summary>Finds out what a pull would fetch. Nothing is stored.</summary>
    /// <param name="pull">The pull, which need not run; it gets notes about what was chosen.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Http.RemoteException">The registry did not say it.</exception>
    /// <exception cref="UnsupportedModelException">It is no model, or one that llama.cpp cannot load.</exception>
    public Task<PullPlan> PlanAsync(Pull pull, CancellationToken cancellationToken) => hub is not null && pull.Name.IsOnHuggingFace
        ? hub.PlanAsync(pull, cancellationToken)
        : registries.PlanAsync(pull.Name, cancellationToken);

    private Task<PullOutcome> RunInLineAsync(Pull pull, CancellationToken cancellationToken)
    {
        pull.GoInLine(Interlocked.Increment(ref _places));
        return InSlotAsync(_slots, () => RunNowAsync(pull, cancellationToken), cancellationToken);
    }

    private static async Task<PullOutcome> InSlotAsync(SemaphoreSlim slots, Func<Task<PullOutcome>> run, CancellationToken cancellationToken)
    {
        await slots.WaitAsync(cancellationToken);
        try
        {
            return await run();
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task<PullOutcome> RunNowAsync(Pull pull, CancellationToken cancellationToken)
    {
        pull.Begin();
        PullPlan plan = await PlanAsync(pull, cancellationToken);
        string? tag = TagOf(plan.Name ?? pull.Name);
        Digest id = ContentHash.Of(plan.ManifestBytes.Span);
        using IDisposable held = store.Holds.Hold([.. plan.Manifest.Files.Select(static file => file.Digest)]);
        if (await TryListAsync(pull, plan, id, tag, cancellationToken) is { } listed)
            return new PullOutcome(PullResult.Unchanged, $"Using cached model: {FileSizeText.Format(plan.Manifest.TotalBytes)}", listed);

        IReadOnlySet<Digest>? linked = adoption is null || pull.MustFetch
            ? null
            : await adoption.FindLinkedAsync([.. plan.Manifest.Files.Where(file => !store.Has(file))], cancellationToken);
        SpaceCheck.Check(store, plan.Manifest, settings.SpareBytes, linked, RepositoryOf(pull));
        StoreEntry entry = await FetchAndListAsync(pull, plan, tag, cancellationToken);
        return new PullOutcome(PullResult.Success, $"Model pulled successfully{Adopted(pull.Files)}", entry);
    }

    // Null: something has to be fetched, or another process removed the model meanwhile.
    private async Task<StoreEntry?> TryListAsync(Pull pull, PullPlan plan, Digest id, string? tag, CancellationToken cancellationToken)
    {
        if (FindKnown(pull, plan, id, tag) is not { } known)
            return null;

        // The folder with the names of its parts may be missing, or have an old order.
        bool isTagged = tag is null || known.Tags.Contains(tag, StringComparer.Ordinal);
        if (isTagged && ModelParts.Of(plan.Manifest, out _).Count <= 1)
            return known;
        try
        {
            return await store.AddAsync(plan.ManifestBytes, tag, cancellationToken);
        }
        catch (StoreException failure) when (failure.Reason == StoreErrorReason.MissingFile)
        {
            return null;
        }
    }

    // The model, if nothing must be fetched. A damaged manifest is written again with the files.
    private StoreEntry? FindKnown(Pull pull, PullPlan plan, Digest id, string? tag) =>
        store.Read().Find(id) is { } known && plan.Manifest.Files.All(store.Has)
            && ManifestFile.ReadBytes(store.Folder, id) is { } bytes && plan.ManifestBytes.Span.SequenceEqual(bytes)
            && (!pull.MustFetch || (tag is not null && known.Tags.Contains(tag, StringComparer.Ordinal)))
            ? known
            : null;

    // Docker Model Runner's message, with what the user could not see otherwise.
    private static string Adopted(IReadOnlyList<FileProgress> files)
    {
        FileProgress[] found = [.. files.Where(static file => file.FoundIn is not null)];
        return found.Length == 0 ? ""
            : $"; {FileSizeText.Format(found.Sum(static file => file.File.Size))} not downloaded: "
            + $"found in {string.Join(", ", found.Select(static file => file.FoundIn).Distinct(StringComparer.Ordinal))}";
    }

    // The one from which each file must come; null: any.
    private static string? RepositoryOf(Pull pull) => pull.MustFetch ? $"{pull.Name.Registry}/{pull.Name.WrittenRepository}" : null;

    // A digest without a tag says nothing about the tag "latest", which another model may have.
    private static string? TagOf(ArtifactName name) => name.Pin is not null && !name.HasWrittenTag ? null : name.ToString();

    // Another process may remove a file between the fetch and the listing. Then it is fetched once more.
    private async Task<StoreEntry> FetchAndListAsync(Pull pull, PullPlan plan, string? tag, CancellationToken cancellationToken)
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
        FileProgress[] files = [.. plan.Manifest.Files.Select(file => BeginProgress(pull, file))];
        pull.Show(files);
        await Parallel.ForEachAsync(
            files, new ParallelOptions { MaxDegreeOfParallelism = settings.MaxFilesOfPull, CancellationToken = cancellationToken },
            async (file, token) => await FetchAsync(file, plan.Open, pull, token));
    }

    // Bytes that are on the disk already count from the first line on, so the rate does not include them. A pull that must fetch each file starts at zero.
    private FileProgress BeginProgress(Pull pull, Descriptor file)
    {
        var progress = new FileProgress(file);
        if (!pull.MustFetch)
            progress.Reach(store.Has(file) ? file.Size : Math.Min(file.Size, PartialBlob.LengthOf(store.Folder, file)));
        return progress;
    }

    private async Task FetchAsync(FileProgress file, FileOpener open, Pull pull, CancellationToken cancellationToken)
    {
        while (!await TryFetchAsync(file, open, pull, cancellationToken))
        {
            // The server of another pull failed. That says nothing about this one's.
        }

        file.Reach(file.File.Size);
    }

    private async Task<bool> TryFetchAsync(FileProgress file, FileOpener open, Pull pull, CancellationToken cancellationToken)
    {
        await using SharedFetch fetch = fetches.Join(file.File, open, RepositoryOf(pull), pull.Rate, out bool isOwn);
        file.Follow(fetch.Progress);
        try
        {
            await fetch.Completion.WaitAsync(cancellationToken);
            return true;
        }
        catch (Exception failure) when (!isOwn && !cancellationToken.IsCancellationRequested && failure is not OutOfMemoryException)
        {
            return false;
        }
        finally
        {
            fetch.Rate.Remove(pull.Rate);
        }
    }
}
