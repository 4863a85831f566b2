using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// All pulls of the daemon. A client that asks for a model that is being pulled follows that pull, if it has the same rights. A pull ends when its last client
/// leaves; what it fetched is kept. Safe to call from any thread.
/// </summary>
/// <param name="runner">Runs one pull.</param>
/// <param name="counters">Counts pulls.</param>
/// <param name="time">The clock.</param>
/// <param name="ended">Called when a pull has ended, with the failure if it is a mistake of this program.</param>
internal sealed class PullQueue(PullRunner runner, PullCounters counters, TimeProvider time, Action<Pull, PullOutcome, Exception?> ended)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PullKey, Pull> _running = [];
    private long _count;

    /// <summary>The pulls that run or wait.</summary>
    public IReadOnlyList<Pull> Running
    {
        get
        {
            lock (_lock)
                return [.. _running.Values];
        }
    }

    /// <summary>How many pulls that run or wait get a slot before this one, and how many may have one at once.</summary>
    /// <returns>For a pull with <see cref="Pull.MustFetch"/>, the pulls of its kind count as long as it waits for their turn.</returns>
    public (int Ahead, int Most) AheadOf(Pull pull)
    {
        bool isInLine = !pull.MustFetch || pull.Place != 0;
        lock (_lock)
        {
            return isInLine
                ? (_running.Values.Count(other => other.Place != 0 && other.Place < pull.Place), runner.Limits.MaxPulls)
                : (_running.Values.Count(other => other.MustFetch && other.Number < pull.Number), runner.Limits.MaxLimitedPulls);
        }
    }

    /// <summary>Begins to pull a model, or follows the pull that runs. <see cref="Leave"/> must be called once, with the same limit.</summary>
    /// <param name="name">The model.</param>
    /// <param name="token">The token of the client for Hugging Face; clients with other tokens have pulls of their own. Null: none.</param>
    /// <param name="mustFetch">
    /// As in <see cref="Pull.MustFetch"/>. A pull with the other value is not joined: it uses other files, and waits for other slots.
    /// </param>
    /// <param name="limit">Bytes per second of the pull, unless it has a client with a larger limit or with none. Null: no limit.</param>
    public Pull Join(ArtifactName name, string? token = null, bool mustFetch = false, long? limit = null)
    {
        var pull = new Pull(name, time) { Token = token, MustFetch = mustFetch };
        var key = PullKey.Of(pull);
        lock (_lock)
        {
            if (_running.TryGetValue(key, out Pull? running))
            {
                running.AddClient(limit);
                return running;
            }

            pull.Number = ++_count;
            pull.AddClient(limit);
            _running[key] = pull;
            counters.Begin();
            pull.Start(token => RunAsync(pull, key, token));
            return pull;
        }
    }

    /// <summary>Says that a client no longer follows a pull.</summary>
    /// <param name="pull">The pull.</param>
    /// <param name="limit">As the client had it in <see cref="Join"/>.</param>
    public void Leave(Pull pull, long? limit = null)
    {
        lock (_lock)
        {
            if (pull.RemoveClient(limit))
                return;

            // The next client must not follow a pull that is ending.
            var key = PullKey.Of(pull);
            if (_running.GetValueOrDefault(key) == pull)
                _running.Remove(key);
        }

        pull.Cancel();
    }

    private async Task<PullOutcome> RunAsync(Pull pull, PullKey key, CancellationToken cancellationToken)
    {
        PullOutcome outcome;
        Exception? mistake = null;
        try
        {
            outcome = await runner.RunAsync(pull, cancellationToken);
        }
        catch (Exception failure)
        {
            mistake = failure;
            outcome = new PullOutcome(PullResult.Server, "the pull failed for an unexpected reason, which the log of the daemon has", null);
        }

        lock (_lock)
        {
            if (_running.GetValueOrDefault(key) == pull)
                _running.Remove(key);
        }

        counters.End(outcome.Result);
        ended(pull, outcome, mistake);
        return outcome;
    }
}
