namespace ModelRunner.Scheduling;

// Residents: models that are loaded without a request.
public sealed partial class Scheduler
{
    /// <summary>After this number of failed starts in a row, about three minutes with the usual waits, a resident waits for a request.</summary>
    private const int MaxResidentFailures = 12;

    /// <summary>No event reports that other programs have freed memory, so a resident without room looks for it again after this time.</summary>
    private static readonly TimeSpan ResidentRetry = TimeSpan.FromSeconds(10);

    private readonly HashSet<RunnerKey> _dismissed = [];
    private readonly HashSet<RunnerKey> _givenUp = [];

    // The residents that cannot be loaded as things are, with what was last reported of each.
    private readonly Dictionary<RunnerKey, string> _blockedResidents = [];
    private bool _isResidentMissing;
    private IReadOnlyList<Resident> _residents = [];

    /// <summary>Whether residents are no longer started without a request, because their starts failed.</summary>
    public bool HasGivenUp => _givenUp.Count > 0;

    /// <summary>Whether a resident is not started without a request, because it cannot be loaded as things are or because its starts failed.</summary>
    public bool HasResidentProblem(RunnerKey resident) => _blockedResidents.ContainsKey(resident) || _givenUp.Contains(resident);

    private void ReplaceResidents(ResidentsChanged changed)
    {
        // A reload reports it again, also if nothing has changed for this model.
        if (!changed.KeepsUnloaded)
            _blockedResidents.Clear();
        HashSet<RunnerKey> before = [.. _residents.Select(static resident => resident.Key)];
        _residents = changed.Residents;

        // The previous list may lack models of which only the settings have changed.
        _dismissed.RemoveWhere(key => !changed.KeepsUnloaded || FindResident(key) is null);

        // What made their starts fail may be mended, by other settings or another file. A model that was not a resident has had no start as one,
        // whatever its requests did.
        HashSet<RunnerKey> same = [.. _residents.Where(resident => changed.KeepsUnloaded && resident.IsUnchanged).Select(static resident => resident.Key)];
        foreach (RunnerKey key in _givenUp.Concat(_residents.Select(static resident => resident.Key).Where(key => !before.Contains(key))))
        {
            if (!same.Contains(key) && _runners.Find(key) is { IsLive: false } failed)
                ForgetFailure(failed);
        }

        _givenUp.RemoveWhere(key => !same.Contains(key));
        foreach (ManagedRunnerState runner in _runners.All)
            runner.IsResident = FindResident(runner.Key) is not null && !_dismissed.Contains(runner.Key) && !_givenUp.Contains(runner.Key);
    }

    // The list of the new settings follows. Until then, the old list would start these models with the old settings.
    private void ForgetResidents(IReadOnlySet<string> outdated)
    {
        _residents = [.. _residents.Where(resident => !outdated.Contains(resident.Key.Model))];
        foreach (ManagedRunnerState runner in _runners.All)
            runner.IsResident &= FindResident(runner.Key) is not null;
    }

    private Resident? FindResident(RunnerKey key)
    {
        foreach (Resident resident in _residents)
        {
            if (resident.Key == key)
                return resident;
        }

        return null;
    }

    // Who unloads a model does not want it back at once. Its next request brings it back for good.
    private void DismissResidents(UnloadSelection selection)
    {
        foreach (Resident resident in _residents.Where(resident => selection.Matches(resident.Key)))
        {
            _dismissed.Add(resident.Key);
            if (_runners.Find(resident.Key) is { } runner)
                runner.IsResident = false;
        }
    }

    // A request brings it back for good, unless it asks that the model stops after it. That is an unload.
    private void ResideFor(ManagedRunnerState runner)
    {
        bool isListed = FindResident(runner.Key) is not null;
        if (isListed && runner.RequestedKeepAlive == TimeSpan.Zero)
            _dismissed.Add(runner.Key);
        runner.IsResident = isListed && !_dismissed.Contains(runner.Key);
    }

    // Only into free room, and only if no request waits for a start.
    private void StartResidents(TimeSpan now)
    {
        _isResidentMissing = false;
        if (_residents.Count == 0)
            _blockedResidents.Clear();
        if (_residents.Count == 0 || _runners.All.Any(static runner => runner.Waiting.Count > 0 && !runner.IsOpen && runner.State != RunnerState.Loading))
            return;
        HashSet<RunnerKey>? blocked = null;
        foreach (Resident resident in _residents)
        {
            if (_dismissed.Contains(resident.Key) || _givenUp.Contains(resident.Key) || _attached.Choose(resident.Key, [], now) is not null)
                continue;
            ManagedRunnerState? known = _runners.Find(resident.Key);
            if (known is { IsLive: false, Failures: >= MaxResidentFailures })
            {
                _givenUp.Add(resident.Key);
                known.IsResident = false;
                _effects.Add(new ResidentGivenUp(resident.Key, known.Failures, known.Failure));
                continue;
            }

            if (known is { IsLive: true } or { IsBackingOff: true })
                continue;

            ManagedRunnerState runner = _runners.GetOrAdd(resident.Key);
            runner.Apply(resident.Demand, _settings);
            if (!Capacity.CanStartNow(runner, _runners, _settings))
            {
                _isResidentMissing = true;
                if (!Capacity.CanStartEventually(runner, _runners, _settings))
                {
                    (blocked ??= []).Add(resident.Key);
                    ReportBlocked(runner);
                }

                _runners.ForgetIfEmpty(runner);
                continue;
            }

            runner.IsResident = true;
            Start(runner, now, isResident: true);
        }

        foreach (RunnerKey key in _blockedResidents.Keys)
        {
            if (blocked?.Contains(key) != true)
                _blockedResidents.Remove(key);
        }
    }

    // As a request for it would be refused.
    private void ReportBlocked(ManagedRunnerState runner)
    {
        Refuse refusal = Refusals.NoCapacity(default, runner, new CapacityUse(Capacity.Pinned(_runners)), _settings);
        if (_blockedResidents.GetValueOrDefault(runner.Key) == refusal.Message)
            return;
        _blockedResidents[runner.Key] = refusal.Message;
        _effects.Add(new ResidentBlocked(runner.Key, refusal.Reason, refusal.Message, refusal.Limits));
    }
}
