namespace ModelRunner.LlamaHost.Metrics;

/// <summary>
/// Counts the work of the inference thread, token by token, so that a scrape in the middle of a long response is correct. One thread writes,
/// any thread reads; the lock is held for a few additions only, so that readers never wait for a computation.
/// </summary>
internal sealed class EngineCounters(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly ThroughputWindow _promptRate = new();
    private readonly ThroughputWindow _predictedRate = new();
    private CounterSnapshot _totals;

    /// <summary>Counts prompt tokens that were computed, and the time that the request spent on them.</summary>
    public void AddPrompt(int tokens, TimeSpan time)
    {
        lock (_gate)
        {
            _totals = _totals with { PromptTokens = _totals.PromptTokens + tokens, PromptTime = _totals.PromptTime + time };
            _promptRate.Add(clock.GetTimestamp(), clock.TimestampFrequency, tokens, time);
        }
    }

    /// <summary>Counts prompt tokens that an earlier request had left in the slot's cache.</summary>
    public void AddCached(int tokens)
    {
        lock (_gate)
        {
            _totals = _totals with { CachedTokens = _totals.CachedTokens + tokens };
        }
    }

    /// <summary>Counts one generated token.</summary>
    /// <param name="time">The time since the request's previous token; zero for its first, whose time belongs to the prompt.</param>
    public void AddPredicted(TimeSpan time)
    {
        lock (_gate)
        {
            _totals = _totals with { PredictedTokens = _totals.PredictedTokens + 1, PredictedTime = _totals.PredictedTime + time };
            if (time > TimeSpan.Zero)
                _predictedRate.Add(clock.GetTimestamp(), clock.TimestampFrequency, 1, time);
        }
    }

    /// <summary>Counts one decode call that served this many slots.</summary>
    public void AddDecode(int busySlots)
    {
        lock (_gate)
        {
            _totals = _totals with { Decodes = _totals.Decodes + 1, BusySlots = _totals.BusySlots + busySlots };
        }
    }

    /// <summary>Records the length of a sequence, prompt and response together.</summary>
    public void NoteLength(int tokens)
    {
        lock (_gate)
        {
            if (tokens > _totals.LongestSequence)
                _totals = _totals with { LongestSequence = tokens };
        }
    }

    /// <summary>Copies the counters without changing them.</summary>
    public CounterSnapshot Read()
    {
        lock (_gate)
        {
            long now = clock.GetTimestamp();
            return _totals with
            {
                PromptRate = _promptRate.Rate(now, clock.TimestampFrequency),
                PredictedRate = _predictedRate.Rate(now, clock.TimestampFrequency),
            };
        }
    }
}
