using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

// What the loop tells about models that are not loaded without a request although they should be.
internal sealed partial class SchedulerLoop
{
    private readonly Dictionary<RunnerKey, string> _residentProblems = [];
    private readonly HashSet<RunnerKey> _reported = [];
    private volatile IReadOnlyList<string> _shownResidentProblems = [];

    /// <summary>Why models that should be loaded without a request are not started any more; one sentence for each.</summary>
    public IReadOnlyList<string> ResidentProblems => _shownResidentProblems;

    // Before the effects are recorded: the list of decisions gets the same sentence.
    private ResidentBlocked Explain(ResidentBlocked blocked)
    {
        if (_residents.Find(blocked.Key) is not { } model)
            return blocked;
        try
        {
            var request = new PendingRequest(default, blocked.Key, model);
            _models.Describe(request);
            var refusal = new Refuse(default, blocked.Reason, blocked.Message, RetryAfter: null) { Limits = blocked.Limits };
            return blocked with { Message = request.Explain(refusal) };
        }
        catch (Exception failure)
        {
            LogTextFailed(failure, nameof(ResidentBlocked));
            return blocked;
        }
    }

    // A warning comes once until the next reload: the numbers may change every few seconds, and clients may change settings often.
    private void ReportResidents(SchedulerEvent schedulerEvent, IReadOnlyList<SchedulerEffect> effects)
    {
        if (schedulerEvent is ResidentsChanged { KeepsUnloaded: false })
            _reported.Clear();
        int known = _residentProblems.Count;
        bool isChanged = false;
        foreach (SchedulerEffect effect in effects)
        {
            if (effect is ResidentBlocked blocked)
            {
                _residentProblems[blocked.Key] = $"Model {blocked.Key.Model} is not preloaded: {blocked.Message}.";
                if (_reported.Add(blocked.Key))
                    LogBlocked(blocked.Key.Model, blocked.Message);
                isChanged = true;
            }
            else if (effect is ResidentGivenUp given)
            {
                _residentProblems[given.Key] = $"Model {given.Key.Model} is not preloaded any more after {given.Failures} failed starts in a row. "
                    + $"A request, a reload or another model file tries it again. Last failure: {given.Failure?.Message}";
                LogGivenUp(given.Key.Model, given.Failures, given.Failure?.Message);
                isChanged = true;
            }
        }

        foreach (RunnerKey key in _residentProblems.Keys)
        {
            if (!_scheduler.HasResidentProblem(key))
                _residentProblems.Remove(key);
        }

        if (isChanged || _residentProblems.Count != known)
            _shownResidentProblems = [.. _residentProblems.OrderBy(static problem => problem.Key, RunnerKey.Order).Select(static problem => problem.Value)];
    }
}
