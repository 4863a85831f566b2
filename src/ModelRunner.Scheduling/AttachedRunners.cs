namespace ModelRunner.Scheduling;

/// <summary>The attached runners by what they serve. Several may serve the same; they share its requests.</summary>
internal sealed class AttachedRunners
{
    /// <summary>So many server errors in a row are the runner's fault, and not that of the requests.</summary>
    private const int MaxServerErrors = 3;

    /// <summary>A client that leaves earlier says nothing of the runner.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);

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
    /// failed is only chosen where all others failed too, and one that was tried where all were. One that has requests and never answered any
    /// is only chosen where no other has answered.
    /// </summary>
    public AttachedRunnerState? Choose(RunnerKey key, IReadOnlyCollection<RunnerId> tried, TimeSpan now) =>
        _byKey.TryGetValue(key, out List<AttachedRunnerState>? states)
            ? states.MinBy(state => (
                tried.Contains(state.Id),
                state.IsAvoided(now) ? state.AvoidUntil : TimeSpan.MinValue,
                state.IsUnproven && states.Exists(static other => other.AnsweredAt is not null),
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
                runner.AnsweredAt = now;
                runner.ServerErrors = 0;
                if (request.Arrived >= runner.FailedAt)
                    runner.Failures = 0;
                break;
            case RequestResult.RunnerFailed:
                Fail(runner, request, now, settings);
                break;
            case RequestResult.ServerError:
                runner.AnsweredAt = now;
                runner.ServerErrors++;
                if (request.IsTrial || runner.ServerErrors >= MaxServerErrors)
                    Fail(runner, request, now, settings);
                break;
            case RequestResult.Abandoned:
                // A trial that its client gave up found nothing out. A runner that answered nobody meanwhile may hang, and would keep the next
                // request as well.
                bool isSilent = now - request.Arrived >= AnswerPatience && (runner.AnsweredAt ?? TimeSpan.MinValue) < request.Arrived;
                if (request.IsTrial || isSilent)
                    Avoid(runner, request, now, settings);
                break;
        }
    }

    private static void Fail(AttachedRunnerState runner, RequestState request, TimeSpan now, SchedulerSettings settings)
    {
        runner.FailedAt = now;
        Avoid(runner, request, now, settings);
    }

    // Requests that were under way together fail together; that is one failure.
    private static void Avoid(AttachedRunnerState runner, RequestState request, TimeSpan now, SchedulerSettings settings)
    {
        if (runner.Failures == 0 || request.IsTrial)
            runner.Failures++;
        runner.AvoidUntil = now + Backoff.After(runner.Failures, settings);
    }
}
