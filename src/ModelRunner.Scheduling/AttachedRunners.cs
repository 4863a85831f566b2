namespace ModelRunner.Scheduling;

/// <summary>The attached runners by key. Runners with the same key share its requests. Not thread-safe.</summary>
internal sealed class AttachedRunners
{
    /// <summary>This number of server errors in a row is attributed to the runner and not to the requests.</summary>
    private const int MaxServerErrors = 3;

    /// <summary>A client that disconnects earlier says nothing about the runner.</summary>
    private static readonly TimeSpan MinSilence = TimeSpan.FromSeconds(1);

    private Dictionary<RunnerKey, List<AttachedRunnerState>> _byKey = [];

    public int InFlight { get; private set; }

    public IEnumerable<AttachedRunnerState> All => _byKey.Values.SelectMany(static states => states);

    /// <summary>
    /// Replaces the list. Requests on a runner that remains are still counted; a removed runner is forgotten with its last request.
    /// </summary>
    public void Replace(IReadOnlyList<AttachedRunner> runners)
    {
        Dictionary<RunnerId, AttachedRunnerState> known = All.ToDictionary(static state => state.Id);
        Dictionary<RunnerKey, List<AttachedRunnerState>> next = [];
        foreach (AttachedRunner runner in runners)
        {
            if (!next.TryGetValue(runner.Key, out List<AttachedRunnerState>? states))
                next.Add(runner.Key, states = []);
            bool stays = known.TryGetValue(runner.Id, out AttachedRunnerState? state) && state.Key == runner.Key;
            states.Add(stays ? state! : new AttachedRunnerState(runner));
        }

        _byKey = next;
    }

    /// <summary>
    /// Chooses the runner with the fewest requests for a key, and of equal ones the one that was used the longest time ago. Null if no runner
    /// has this key. A runner in <paramref name="tried"/> is chosen only if all were tried, a failed one only if all others failed too, and one
    /// that has requests but has never responded only if no other runner has responded.
    /// </summary>
    public AttachedRunnerState? Choose(RunnerKey key, IReadOnlyCollection<RunnerId> tried, TimeSpan now) =>
        _byKey.TryGetValue(key, out List<AttachedRunnerState>? states)
            ? states.MinBy(state => (
                tried.Contains(state.Id),
                state.IsAvoided(now) ? state.AvoidUntil : TimeSpan.MinValue,
                state.IsUnproven && states.Exists(static other => other.RespondedAt is not null),
                state.InFlight,
                state.LastUsed ?? TimeSpan.MinValue,
                state.Id.Value))
            : null;

    public void Begin(AttachedRunnerState runner, RequestState request, TimeSpan now)
    {
        request.IsTrial = runner is { Failures: > 0, IsOnTrial: false };
        runner.IsOnTrial |= request.IsTrial;
        runner.InFlight++;
        runner.LastUsed = now;
        InFlight++;
    }

    public void End(AttachedRunnerState runner, RequestState request, RequestResult result, TimeSpan now, SchedulerSettings settings)
    {
        runner.InFlight--;
        runner.LastUsed = now;
        InFlight--;
        runner.IsOnTrial &= !request.IsTrial;
        switch (result)
        {
            case RequestResult.Served:
                runner.RespondedAt = now;
                runner.ServerErrors = 0;
                if (request.Arrived >= runner.FailedAt)
                    runner.Failures = 0;
                break;
            case RequestResult.RunnerFailed:
                Fail(runner, request, now, settings);
                break;
            case RequestResult.ServerError:
                runner.RespondedAt = now;
                runner.ServerErrors++;
                if (request.IsTrial || runner.ServerErrors >= MaxServerErrors)
                    Fail(runner, request, now, settings);
                break;
            case RequestResult.Abandoned:
                // A trial whose client disconnected has no result. A runner that responded to nobody meanwhile may hang, and the next request
                // would hang too.
                bool isSilent = now - request.Arrived >= MinSilence && (runner.RespondedAt ?? TimeSpan.MinValue) < request.Arrived;
                if (request.IsTrial || isSilent)
                    Avoid(runner, request, now, settings);
                break;
            case RequestResult.NotSent:
                break;
        }
    }

    private static void Fail(AttachedRunnerState runner, RequestState request, TimeSpan now, SchedulerSettings settings)
    {
        runner.FailedAt = now;
        Avoid(runner, request, now, settings);
    }

    // Requests that were running together fail together. That counts as one failure.
    private static void Avoid(AttachedRunnerState runner, RequestState request, TimeSpan now, SchedulerSettings settings)
    {
        if (runner.Failures == 0 || request.IsTrial)
            runner.Failures++;
        runner.AvoidUntil = now + Backoff.After(runner.Failures, settings);
    }
}
