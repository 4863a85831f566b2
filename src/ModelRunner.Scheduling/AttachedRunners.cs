namespace ModelRunner.Scheduling;

/// <summary>The attached runners by what they serve. Several may serve the same; they share its requests.</summary>
internal sealed class AttachedRunners
{
    private Dictionary<RunnerKey, List<AttachedRunnerState>> _byKey = [];

    public int InFlight { get; private set; }

    public IEnumerable<AttachedRunnerState> All => _byKey.Values.SelectMany(static states => states);

    /// <summary>Takes a new list. What runs on a runner that stays is still counted; one that left ends with its last request.</summary>
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
    /// The least busy runner for a key, of equally busy ones the one that was used the longest ago; null where none serves it. One that
    /// failed is only chosen where all others failed too, and one that was tried where all were.
    /// </summary>
    public AttachedRunnerState? Choose(RunnerKey key, IReadOnlyCollection<RunnerId> tried, TimeSpan now) =>
        _byKey.TryGetValue(key, out List<AttachedRunnerState>? states)
            ? states.MinBy(state => (
                tried.Contains(state.Id),
                state.IsAvoided(now) ? state.AvoidUntil : TimeSpan.MinValue,
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
        if (result == RequestResult.RunnerFailed)
            Fail(runner, request, now, settings);
        else if (result == RequestResult.Abandoned && request.IsTrial)
            Avoid(runner, settings, now);
        else if (result == RequestResult.Served && request.Arrived >= runner.FailedAt)
            runner.Failures = 0;
    }

    // A trial that its client gave up found nothing out. The runner may hang, and would keep the next request as well.
    private static void Avoid(AttachedRunnerState runner, SchedulerSettings settings, TimeSpan now)
    {
        runner.Failures++;
        runner.AvoidUntil = now + Backoff.After(runner.Failures, settings);
    }

    // Requests that were under way together fail together; that is one failure.
    private static void Fail(AttachedRunnerState runner, RequestState request, TimeSpan now, SchedulerSettings settings)
    {
        if (runner.Failures == 0 || request.IsTrial)
            runner.Failures++;
        runner.FailedAt = now;
        runner.AvoidUntil = now + Backoff.After(runner.Failures, settings);
    }
}
