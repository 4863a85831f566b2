using ModelRunner.Daemon.Accounting;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The saved contexts of one start of a runner: which of its slots were restored, and whether the engine really uses them. An engine may report a
/// restore that has no effect, so only the figures of the first request in a restored slot count. Thread-safe.
/// </summary>
/// <param name="endpoint">The runner.</param>
/// <param name="time">The clock.</param>
internal sealed class SlotReport(RunnerEndpoint endpoint, TimeProvider time)
{
    /// <summary>A slot is released shortly after its response has ended.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private const int Attempts = 3;

    // The last token of a response is usually not in the context. An end token may be.
    private const long Tolerance = 2;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, long> _unverified = [];
    private readonly List<SlotCount> _early = [];
    private Action<SlotCount>? _count;
    private volatile string? _problem;
    private volatile bool _isActive;
    private Task _verifying = Task.CompletedTask;
    private int _slots;
    private int _open;
    private int _restoredSlots;
    private long _restoredTokens;
    private long _reusedTokens;

    /// <summary>Why contexts of this runner are not saved, as a clause; null: they are, or it is not known yet.</summary>
    public string? Problem => _problem;

    /// <summary>Whether its contexts are saved before it is stopped.</summary>
    public bool IsActive => _isActive;

    /// <summary>Slots whose context was restored.</summary>
    public int RestoredSlots => Volatile.Read(ref _restoredSlots);

    /// <summary>Tokens in the contexts that were restored.</summary>
    public long RestoredTokens => Interlocked.Read(ref _restoredTokens);

    /// <summary>Prompt tokens that were not computed again because of that.</summary>
    public long ReusedTokens => Interlocked.Read(ref _reusedTokens);

    /// <summary>Tokens of the self-test: computed ones of prompts, and generated ones. Final when the runner is ready.</summary>
    public (long Prompt, long Generated) OwnTokens { get; set; }

    /// <summary>Sets who counts what happens. What has happened so far is passed on at once.</summary>
    public void CountWith(Action<SlotCount> count)
    {
        SlotCount[] early;
        lock (_lock)
        {
            _count = count;
            early = [.. _early];
            _early.Clear();
        }

        foreach (SlotCount one in early)
            count(one);
    }

    /// <summary>Counts something.</summary>
    public void Count(SlotCount one)
    {
        Action<SlotCount>? count;
        lock (_lock)
        {
            count = _count;
            if (count is null)
                _early.Add(one);
        }

        count?.Invoke(one);
    }

    /// <summary>Contexts are saved and restored.</summary>
    /// <param name="slots">The number of slots of the runner.</param>
    public void Activate(int slots) => (_slots, _isActive) = (slots, true);

    /// <summary>Contexts are neither saved nor restored.</summary>
    /// <param name="problem">Why, as a clause.</param>
    public void Refuse(string problem) => _problem = problem;

    /// <summary>The context of a slot was restored, as the engine says.</summary>
    public void AddRestored(int slot, long tokens)
    {
        lock (_lock)
            _unverified[slot] = tokens;
        Interlocked.Increment(ref _restoredSlots);
        Interlocked.Add(ref _restoredTokens, tokens);
    }

    /// <summary>The restored slots that no request has used, and their tokens. Each is counted as unused.</summary>
    /// <param name="listing">The slots now; null: they are not known.</param>
    public IReadOnlyDictionary<int, long> TakeUnused(IReadOnlyList<SlotStatus>? listing)
    {
        Dictionary<int, long> rest;
        lock (_lock)
        {
            rest = new Dictionary<int, long>(_unverified);
            _unverified.Clear();
        }

        var unused = new Dictionary<int, long>();
        foreach ((int slot, long tokens) in rest)
        {
            bool isUnused = listing?.Any(status => status.Id == slot && !status.WasUsed) ?? false;
            if (isUnused)
                unused.Add(slot, tokens);
            Count(new SlotCount { Restore = isUnused ? SlotRestoreResult.Unused : SlotRestoreResult.Unverified });
        }

        return unused;
    }

    /// <summary>A request is sent to the runner. <see cref="End"/> must follow.</summary>
    public void Begin() => Interlocked.Increment(ref _open);

    /// <summary>A request has ended. Finds out in the background which slot it used, if that may be a restored one.</summary>
    public void End(RequestRecord record)
    {
        if (record.HasResponse)
            EndWith(record.Figures);
        else
            EndWith(cachedTokens: null, contextTokens: null);
    }

    /// <summary>The same with what a whole response told.</summary>
    internal void EndWith(in ResponseFigures figures)
    {
        // /v1/messages and /v1/responses have no timings, but the usage of the same engine. Without cached tokens, a usage may not know them.
        if (figures.Source == FigureSource.Timings)
            EndWith(figures.CachedTokens, figures.ContextTokens);
        else if (figures is { Source: FigureSource.Usage, CachedTokens: > 0 and var cached })
            EndWith(cached, figures.PromptTokens + cached + figures.GeneratedTokens);
        else
            EndWith(cachedTokens: null, contextTokens: null);
    }

    /// <summary>The same with the figures of the request.</summary>
    /// <param name="cachedTokens">Tokens of its prompt that the engine took from a cache; null: the engine did not tell.</param>
    /// <param name="contextTokens">All tokens of its prompt and its response; null: the engine did not tell.</param>
    internal void EndWith(long? cachedTokens, long? contextTokens)
    {
        bool isAlone = Interlocked.Decrement(ref _open) == 0;
        lock (_lock)
        {
            if (_unverified.Count == 0)
                return;

            // An earlier request may have used the slot and told nothing, for instance because its client has left.
            if (_slots == 1)
            {
                _verifying = VerifyOnlyAsync(_verifying, cachedTokens);
                return;
            }
        }

        _ = VerifyAsync(cachedTokens, contextTokens, isAlone);
    }

    // With one slot there is no question which one it was. A request that was refused may have used none.
    private async Task VerifyOnlyAsync(Task before, long? cachedTokens)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (cachedTokens is null)
        {
            using var limit = new CancellationTokenSource(Limit, time);
            if (await SlotListing.ReadAsync(endpoint, limit.Token) is { } slots && !slots.Any(IsTouched))
                return;
        }

        Settle(slot: 0, cachedTokens);
    }

    private async Task VerifyAsync(long? cachedTokens, long? contextTokens, bool isAlone)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        for (int attempt = 1; ; attempt++)
        {
            IReadOnlyList<SlotStatus> used = [.. (await SlotListing.ReadAsync(endpoint, limit.Token) ?? []).Where(IsTouched)];
            SlotStatus? match = used.Where(slot => !slot.IsProcessing && Math.Abs((slot.Tokens - contextTokens) ?? long.MaxValue) <= Tolerance)
                .Cast<SlotStatus?>().FirstOrDefault();
            if (match is { } found)
            {
                Settle(found.Id, cachedTokens);
                return;
            }

            // Other requests may have touched these slots, and their ends will tell.
            if (used.Count == 0 || !isAlone || attempt == Attempts)
            {
                foreach (SlotStatus slot in isAlone ? used : [])
                    Settle(slot.Id, cachedTokens: null);
                return;
            }

            await Task.Delay(Pause, time);
        }
    }

    private bool IsTouched(SlotStatus slot)
    {
        lock (_lock)
            return slot.WasUsed && _unverified.ContainsKey(slot.Id);
    }

    private void Settle(int slot, long? cachedTokens)
    {
        long restored;
        lock (_lock)
        {
            if (!_unverified.Remove(slot, out restored))
                return;
        }

        SlotRestoreResult result = ResultOf(cachedTokens, restored);
        long reused = result is SlotRestoreResult.Reused or SlotRestoreResult.PartlyReused ? Math.Min(cachedTokens ?? 0, restored) : 0;
        Interlocked.Add(ref _reusedTokens, reused);
        Count(new SlotCount { Restore = result, PrefillSaved = reused });
    }

    // The first token is the same in all prompts of most models.
    private static SlotRestoreResult ResultOf(long? cachedTokens, long restored) => cachedTokens switch
    {
        null => SlotRestoreResult.Unverified,
        <= 1 => SlotRestoreResult.NotReused,
        { } cached when cached * 2 >= restored => SlotRestoreResult.Reused,
        _ => SlotRestoreResult.PartlyReused,
    };
}
