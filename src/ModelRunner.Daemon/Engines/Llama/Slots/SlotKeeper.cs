using System.Globalization;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>
/// Keeps the contexts of one llama-server over its end: restores them when it is ready, and saves them before it is stopped. Nothing that goes wrong here
/// ends a start or a stop, and each method ends within <c>kvCache.timeout</c> and
/// a few seconds to empty slots.
/// </summary>
/// <param name="store">The folder for contexts.</param>
/// <param name="model">The model.</param>
/// <param name="unsupported">Why its contexts cannot be saved, as a clause; null: a self-test decides.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SlotKeeper(SlotStore store, ModelEntry model, string? unsupported, TimeProvider time, ILogger logger)
{
    // A shorter context is computed again as fast.
    private const long MinTokens = 64;

    // A file is a little larger than the numbers in it.
    private const double FileOverhead = 1.1;
    private const long FileHeaderBytes = 1 << 16;

    // For a slot whose restore took too long.
    private static readonly TimeSpan EraseLimit = TimeSpan.FromSeconds(2);

    private RunnerStart? _start;
    private SlotServer? _server;
    private string? _planned;
    private volatile bool _hasNoFolder;
    private string? _identity;

    /// <summary>What happens to the slots.</summary>
    public SlotReport? Report { get; private set; }

    /// <summary>The folder that the runner must be started with; null: none.</summary>
    public string? FolderPath => unsupported is null && !_hasNoFolder && store.Settings.Persist ? store.Settings.FolderPath : null;

    /// <summary>A start is planned. Call it once, before anything else. It does not use the disk.</summary>
    public RunnerStart Attach(RunnerStart start)
    {
        _server = new SlotServer(start.Endpoint);
        Report = new SlotReport(start.Endpoint, time);
        return _start = start with { Slots = this };
    }

    /// <summary>The process will be started now: prepares the folder, and looks at the files. Blocks as long as the disk does.</summary>
    public void Begin()
    {
        _hasNoFolder = unsupported is null && store.Prepare() is null;
        _planned = SlotIdentity.Of(_start!, model.Path!, version: null);
    }

    /// <summary>The runner is ready, and no request has been sent to it: tests the engine, or restores its slots.</summary>
    /// <param name="version">The version that the engine reports; null: it does not.</param>
    public async Task PrepareAsync(string? version)
    {
        try
        {
            string? problem = unsupported
                ?? (FolderPath is null ? "the folder for contexts cannot be used" : null)
                ?? (_start!.Endpoint.SlotsAddress is null ? "--sleep-idle-seconds does not go together with kvCache.persist" : null)
                ?? (version is null ? "the engine does not report its version" : null)
                ?? (SlotIdentity.Of(_start, model.Path!, version: null) != _planned ? "its file was replaced while it was loaded" : null);
            if (problem is null)
            {
                _identity = SlotIdentity.Of(_start!, model.Path!, version);
                problem = await BeginAsync(_identity);
            }

            if (problem is null)
                return;
            Report!.Refuse(problem);
            SlotLog.NotSupported(logger, model.Reference, problem);
        }
        catch (Exception failure)
        {
            Report!.Refuse("an internal error of the daemon");
            SlotLog.Failed(logger, failure, model.Reference);
        }
    }

    /// <summary>The runner will be stopped, and no request is sent to it any more: saves its used slots.</summary>
    public async Task SaveAsync()
    {
        if (Report is not { IsActive: true } || _identity is null)
            return;
        try
        {
            using var limit = new CancellationTokenSource(store.Settings.Timeout, time);
            IReadOnlyList<SlotStatus>? slots = await SlotListing.ReadAsync(_start!.Endpoint, limit.Token);
            IReadOnlyDictionary<int, long> unused = Report.TakeUnused(slots);
            if (!store.Settings.Persist || store.Prepare() is null)
                return;
            for (int i = unused.Count; i > 0; i--)
                Report.Count(new SlotCount { Save = SlotSaveResult.Unchanged });

            // If there is no room or no time for all, those that were used last are saved.
            SlotStatus[] used = [.. (slots ?? []).Where(slot => slot is { WasUsed: true, Tokens: > 0 } && !unused.ContainsKey(slot.Id))
                .OrderByDescending(static slot => slot.LastTask)];
            var saved = new List<string>();
            foreach (SlotStatus slot in used)
                if (await SaveAsync(slot, slot.Tokens!.Value, saved, limit.Token))
                    saved.Add(NameOf(slot.Id));
            store.SetOrderOfUse(saved, time.GetUtcNow());
        }
        catch (Exception failure)
        {
            SlotLog.Failed(logger, failure, model.Reference);
        }
    }

    private string NameOf(int slot) => string.Create(CultureInfo.InvariantCulture, $"{SlotIdentity.NameOf(_identity!)}-{slot}");

    // Restoring is only tried where the self-test succeeded, so there is nothing to restore before it.
    private async Task<string?> BeginAsync(string identity)
    {
        using var limit = new CancellationTokenSource(store.Settings.Timeout, time);
        SelfTestResult? known = store.FindTest(identity);
        if (known is null || known.MustRun)
            known = await TestAsync(identity, known?.Unfinished ?? 0, limit.Token);
        else if (known.Problem is null)
            await RestoreAllAsync(identity, limit.Token);
        if (known.Problem is { } problem)
            return problem;

        Report!.Activate(model.Slots);
        return null;
    }

    private async Task<SelfTestResult> TestAsync(string identity, int attempts, CancellationToken cancellationToken)
    {
        // It is kept before the test, so that an engine that the test crashes is not tested for ever.
        var result = new SelfTestResult(
            identity, model.Reference, $"the self-test did not end within {store.Settings.Timeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
            attempts + 1);
        if (!store.Keep(result))
            return result with { Problem = "the folder for contexts cannot be written to" };

        long began = time.GetTimestamp();
        long window = model.Shape is { KeepsWholeWindow: true } ? 0 : model.Header?.Cache.Window ?? 0;
        var test = new SlotSelfTest(_server!, store, window, model.ContextSize > 0 ? model.ContextSize : null);
        string name = SlotIdentity.NameOf(identity);
        try
        {
            result = new SelfTestResult(identity, model.Reference, await test.RunAsync(name, cancellationToken));
            store.Keep(result);
            double milliseconds = time.GetElapsedTime(began).TotalMilliseconds;
            if (result.Problem is null)
                SlotLog.Tested(logger, model.Reference, milliseconds);
        }
        catch (OperationCanceledException)
        {
            // The problem says it.
        }
        finally
        {
            store.RemoveSlot(name);
            Report!.OwnTokens = (test.Computed, test.Produced);
        }

        return result;
    }

    private async Task RestoreAllAsync(string identity, CancellationToken cancellationToken)
    {
        foreach (SavedSlot saved in store.Find(identity).Where(saved => saved.Slot < model.Slots))
        {
            // A file that was not tried is kept for the next load.
            if (cancellationToken.IsCancellationRequested)
            {
                Report!.Count(new SlotCount { Restore = SlotRestoreResult.Timeout });
                continue;
            }

            long began = time.GetTimestamp();
            (SlotRestoreResult? result, bool wasSent) = await RestoreAsync(saved, cancellationToken);
            if (result is { } failure)
            {
                // The file is not at fault if there was no time to read it.
                if (wasSent || failure != SlotRestoreResult.Timeout)
                    store.RemoveSlot(NameOf(saved.Slot));
                Report!.Count(new SlotCount { Restore = failure });
                SlotLog.NotRestored(logger, model.Reference, saved.Slot, failure.ToLabelValue());
                continue;
            }

            Report!.AddRestored(saved.Slot, saved.Tokens);
            double milliseconds = time.GetElapsedTime(began).TotalMilliseconds;
            SlotLog.Restored(logger, model.Reference, saved.Slot, saved.Tokens, saved.Bytes, milliseconds);
        }
    }

    /// <summary>
    /// Restores one slot. Returns why it is not restored, null if it is, as the engine says; and whether the engine was asked. A slot that was not restored
    /// is empty, unless the engine does not respond in time.
    /// </summary>
    private async Task<(SlotRestoreResult? Failure, bool WasSent)> RestoreAsync(SavedSlot saved, CancellationToken cancellationToken)
    {
        string data = SlotStore.DataOf(NameOf(saved.Slot));
        bool wasSent = false;
        try
        {
            if (await FileChecksum.ReadAsync(store.PathOf(data), cancellationToken) is not { } found || found != (saved.Bytes, saved.Checksum))
                return (SlotRestoreResult.Damaged, wasSent);
            wasSent = true;
            long? tokens = await _server!.RestoreAsync(saved.Slot, data, cancellationToken);
            if (tokens == saved.Tokens)
                return (null, wasSent);

            // An engine that cannot empty the slot has ended.
            if (!await _server.EraseAsync(saved.Slot, cancellationToken))
                return (SlotRestoreResult.RunnerEnded, wasSent);
            return (tokens is null ? SlotRestoreResult.Refused : SlotRestoreResult.Incomplete, wasSent);
        }
        catch (OperationCanceledException)
        {
            if (wasSent)
                await EraseLateAsync(saved.Slot);
            return (SlotRestoreResult.Timeout, wasSent);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (SlotRestoreResult.Damaged, wasSent);
        }
    }

    // The engine may have restored the slot after the time was over.
    private async Task EraseLateAsync(int slot)
    {
        using var limit = new CancellationTokenSource(EraseLimit, time);
        try
        {
            await _server!.EraseAsync(slot, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // It still works on the restore, and empties the slot after it if it has received the request.
        }
    }

    private async Task<bool> SaveAsync(SlotStatus slot, long tokens, IReadOnlyList<string> newer, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        string name = NameOf(slot.Id);
        (SlotSaveResult result, long bytes) = await TrySaveAsync(slot, tokens, name, newer, cancellationToken);
        double milliseconds = time.GetElapsedTime(began).TotalMilliseconds;
        Report!.Count(new SlotCount { Save = result });
        if (result == SlotSaveResult.Saved)
            SlotLog.Saved(logger, model.Reference, slot.Id, tokens, bytes, milliseconds);
        else if (result == SlotSaveResult.TooLarge)
            SlotLog.TooLarge(logger, model.Reference, slot.Id, tokens, Math.Max(bytes, EstimateBytes(tokens)), store.Settings.MaxBytes);
        else if (result != SlotSaveResult.TooShort)
            SlotLog.NotSaved(logger, model.Reference, slot.Id, result.ToLabelValue());
        if (result != SlotSaveResult.Saved)
            store.Remove(SlotStore.PartOf(name));
        return result == SlotSaveResult.Saved;
    }

    private async Task<(SlotSaveResult Result, long Bytes)> TrySaveAsync(
        SlotStatus slot, long tokens, string name, IReadOnlyList<string> newer, CancellationToken cancellationToken)
    {
        long expected = EstimateBytes(tokens);
        if (tokens < MinTokens)
            return (SlotSaveResult.TooShort, 0);
        if (slot.IsProcessing)
            return (SlotSaveResult.Busy, 0);
        if (expected > store.Settings.MaxBytes)
            return (SlotSaveResult.TooLarge, 0);
        string[] kept = [.. newer, name];
        if (!store.TryMakeRoom(expected, kept) || !store.HasRoom(expected))
            return (SlotSaveResult.NoSpace, 0);
        if (!store.TryCreate(SlotStore.PartOf(name)))
            return (SlotSaveResult.Unwritable, 0);

        try
        {
            long? saved = await _server!.SaveAsync(slot.Id, SlotStore.PartOf(name), cancellationToken);
            if (saved is not > 0 || await FileChecksum.ReadAsync(store.PathOf(SlotStore.PartOf(name)), cancellationToken) is not { Bytes: > 0 } file)
                return (SlotSaveResult.Refused, 0);
            if (file.Bytes > store.Settings.MaxBytes)
                return (SlotSaveResult.TooLarge, file.Bytes);
            if (!store.TryMakeRoom(file.Bytes, kept))
                return (SlotSaveResult.NoSpace, 0);
            var description = new SavedSlot(_identity!, model.Reference, slot.Id, saved.Value, file.Bytes, file.Checksum);
            if (!store.TryReplace(name, description))
                return (SlotSaveResult.Unwritable, 0);
            return (SlotSaveResult.Saved, file.Bytes);
        }
        catch (OperationCanceledException)
        {
            return (SlotSaveResult.Timeout, 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (SlotSaveResult.Unwritable, 0);
        }
    }

    // The cache of all slots is known from the header of the model. 0: it is not.
    private long EstimateBytes(long tokens)
    {
        double all = model.Memory.GetValueOrDefault(RunnerMode.Completion)?.Cache ?? 0;
        double part = model.ContextSize > 0 ? Math.Min(1, (double)tokens / model.ContextSize) : 1;
        return all > 0 ? (long)Math.Min(all / model.Slots * part * FileOverhead, long.MaxValue / 2) + FileHeaderBytes : 0;
    }
}
