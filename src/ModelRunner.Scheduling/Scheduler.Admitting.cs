namespace ModelRunner.Scheduling;

// The way of a request: it arrives, waits, is admitted to a runner, and ends.
public sealed partial class Scheduler
{
    private void Arrive(RequestArrived arrived, TimeSpan now)
    {
        RequestId id = arrived.Request;
        if (_requests.ContainsKey(id))
            return;
        if (_shutdown != ShutdownPhase.None)
        {
            _effects.Add(Refusals.ShuttingDown(id));
            return;
        }

        // Many clients always send a time, such as five minutes. The settings of a resident say how long it stays; zero is an unload, and an unlimited
        // time gives it room for good.
        RunnerDemand demand = arrived.Demand;
        if (demand.RequestKeepAlive > TimeSpan.Zero && FindResident(arrived.Key) is not null)
            demand = demand with { RequestKeepAlive = null };
        _dismissed.Remove(arrived.Key);
        if (_attached.Choose(arrived.Key, arrived.Tried, now) is { } attached)
        {
            var request = new RequestState(id, now, demand.Priority) { Attached = attached, IsAdmitted = true };
            _requests.Add(id, request);
            _attached.Begin(attached, request, now);
            _effects.Add(new Admit(id, attached.Id));
            return;
        }

        _runners.Pattern.Arrive(arrived.Key, now);
        ManagedRunnerState runner = _runners.GetOrAdd(arrived.Key);
        runner.Apply(demand, _settings);
        ResideFor(runner);

        // The limit may be higher than before: those who wait come first.
        AdmitWaiting(runner, now);
        TimeSpan delay = demand.Priority == RequestPriority.Background ? _settings.BackgroundDelay : TimeSpan.Zero;
        Take(runner, new RequestState(id, now, demand.Priority) { Managed = runner, Rank = now + delay }, now);
    }

    private void Take(ManagedRunnerState runner, RequestState request, TimeSpan now)
    {
        if (!runner.IsLive && now < runner.RetryAt && !CanWaitOut(runner, now))
            _effects.Add(Refusals.Backoff(request.Id, runner.Key, runner.Failure, runner.RetryAt - now));
        else if (!runner.IsLive && !Capacity.CanEverStart(runner, _settings))
            _effects.Add(Refusals.OutOfMemory(request.Id, runner, new CapacityUse(Capacity.Pinned(_runners)), _settings));
        else if (runner.TakesRequests)
        {
            _requests.Add(request.Id, request);
            Admit(runner, request, now);
            return;
        }
        else if (TakePlace(runner, request))
        {
            return;
        }

        // Refused: it stays given up, and that is reported once only. A request that got no response unloads nothing.
        _dismissed.Remove(runner.Key);
        runner.IsResident = FindResident(runner.Key) is not null && !_givenUp.Contains(runner.Key);
        _runners.ForgetIfEmpty(runner);
    }

    // The bound of the model comes first: only a model that keeps it may use a place that all models share. In a full queue an interactive request takes the
    // place of a background request.
    private bool TakePlace(ManagedRunnerState runner, RequestState request)
    {
        bool isModelFull = CountWaiting(runner.Key.Model) >= runner.MaxQueued(_settings);
        if (!isModelFull && _queued < _settings.MaxQueuedRequests)
        {
            Enqueue(runner, request);
            return true;
        }

        if (FindLesser(request, isModelFull ? runner.Key.Model : null) is not { } lesser)
        {
            _effects.Add(isModelFull ? Refusals.ModelQueueFull(request.Id, runner, _settings) : Refusals.QueueFull(request.Id, _settings.MaxQueuedRequests));
            return false;
        }

        // The arriving one first: its runner may be known only because of the other one.
        Enqueue(runner, request);
        _effects.Add(isModelFull
            ? Refusals.DisplacedInModel(lesser.Id, runner, _settings)
            : Refusals.Displaced(lesser.Id, _settings.MaxQueuedRequests));
        Leave(lesser.Id);
        return true;
    }

    private int CountWaiting(string model) =>
        _queued == 0 ? 0 : _runners.All.Where(runner => runner.Key.Model == model).Sum(static runner => runner.Waiting.Count);

    private void Enqueue(ManagedRunnerState runner, RequestState request)
    {
        if (runner.Waiting.Count == 0)
            runner.Delay = null;
        _requests.Add(request.Id, request);
        LinkedListNode<RequestState>? before = runner.Waiting.Last;
        while (before is not null && request.Precedes(before.Value))
            before = before.Previous;
        if (before is null)
            runner.Waiting.AddFirst(request);
        else
            runner.Waiting.AddAfter(before, request);
        _queued++;
    }

    // The background request that would be served last, of one model or of all.
    private RequestState? FindLesser(RequestState arriving, string? model)
    {
        RequestState? last = null;
        if (arriving.Priority == RequestPriority.Background)
            return last;
        foreach (RequestState waiting in _requests.Values)
        {
            bool isLesser = waiting is { IsAdmitted: false, Priority: RequestPriority.Background } && (model is null || waiting.Managed!.Key.Model == model);
            if (isLesser && last?.Precedes(waiting) != false)
                last = waiting;
        }

        return last;
    }

    // A failed start most likely fails again, so the request is refused at once. A crash may have an external cause, so the request may wait.
    private bool CanWaitOut(ManagedRunnerState runner, TimeSpan now)
    {
        TimeSpan left = runner.RetryAt - now;
        return runner.HasCrashed && left <= _settings.MaxBackoffWait && left < runner.QueueTimeout(_settings);
    }

    private void Admit(ManagedRunnerState runner, RequestState request, TimeSpan now)
    {
        request.IsAdmitted = true;
        runner.InFlight++;
        if (_blocked is not null)
            runner.Collated++;
        if (request.Priority == RequestPriority.Interactive)
        {
            runner.InteractiveInFlight++;
            runner.LastInteractive = now;
        }

        _effects.Add(new Admit(request.Id, runner.Id));
    }

    private void AdmitWaiting(ManagedRunnerState runner, TimeSpan now)
    {
        while (runner.TakesRequests && runner.Waiting.First is { } first)
        {
            runner.Waiting.RemoveFirst();
            _queued--;
            Admit(runner, first.Value, now);
        }
    }

    private void Leave(RequestId id)
    {
        if (!_requests.TryGetValue(id, out RequestState? request) || request.IsAdmitted)
            return;
        ManagedRunnerState runner = request.Managed!;
        _requests.Remove(id);
        runner.Waiting.Remove(request);
        _queued--;
        if (runner.Waiting.Count == 0)
            runner.IsResident &= !_givenUp.Contains(runner.Key);
        _runners.ForgetIfEmpty(runner);
    }

    private void Complete(RequestCompleted completed, TimeSpan now)
    {
        if (!_requests.TryGetValue(completed.Request, out RequestState? request) || !request.IsAdmitted)
            return;
        _requests.Remove(completed.Request);
        if (request.Attached is { } attached)
        {
            _attached.End(attached, request, completed.Result, now, _settings);
            return;
        }

        ManagedRunnerState runner = request.Managed!;
        _runners.Pattern.End(runner.Key, now);
        runner.InFlight--;
        runner.LastUsed = now;
        runner.HasServed |= completed.Result == RequestResult.Served;
        if (request.HasOutlastedYield)
            runner.Outlasting--;
        if (request.Priority == RequestPriority.Interactive)
        {
            runner.InteractiveInFlight--;
            runner.LastInteractive = now;
        }

        AdmitWaiting(runner, now);
    }
}
