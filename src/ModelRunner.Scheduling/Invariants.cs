namespace ModelRunner.Scheduling;

/// <summary>Conditions that hold between any two events.</summary>
internal static class Invariants
{
    public static void Check(
        ManagedRunners runners, Dictionary<RequestId, RequestState> requests, int queued, SchedulerSettings settings, bool isEnding)
    {
        Require(runners.LiveCount == runners.All.Count(static runner => runner.IsLive), "every process belongs to one key");
        Require(queued == runners.All.Sum(static runner => runner.Waiting.Count), "the number of waiting requests is correct");
        Require(queued == requests.Values.Count(static request => !request.IsAdmitted), "every waiting request is known");
        Require(!isEnding || queued == 0, "no request waits during shutdown");
        foreach (ManagedRunnerState runner in runners.All)
        {
            int admitted = requests.Values.Count(request => request.IsAdmitted && request.Managed == runner);
            Require(runner.InFlight == admitted, $"{runner.Key} counts its requests correctly");
            Require(runner.Outlasting == requests.Values.Count(request => request.HasOutlastedYield && request.Managed == runner),
                $"{runner.Key} counts the requests that outlasted a yield correctly");
            int interactive = requests.Values.Count(
                request => request is { IsAdmitted: true, Priority: RequestPriority.Interactive } && request.Managed == runner);
            Require(runner.InteractiveInFlight == interactive, $"{runner.Key} counts its interactive requests correctly");
            Require(IsInOrder(runner), $"the requests that wait for {runner.Key} are in their order");
            Require(runner.State is not null || runner.Waiting.Count > 0, $"{runner.Key} has a process, a failure or a waiting request");
            Require(!runner.TakesRequests || runner.Waiting.Count == 0, $"{runner.Key} has no waiting requests while it accepts requests");
            Require(runner.IsLive || runner.MemoryBytes == runner.Demand.Reservation(settings.MemoryBudgetBytes),
                $"{runner.Key} reserves what its next process needs within the budget");
            Require(!runner.WantsStart || !Capacity.CanStartNow(runner, runners, settings) || IsBehindAnother(runner, runners, settings),
                $"{runner.Key} does not wait for capacity that is free");
        }
    }

    private static bool IsInOrder(ManagedRunnerState runner)
    {
        for (LinkedListNode<RequestState>? node = runner.Waiting.First; node?.Next is { } next; node = next)
        {
            if (!node.Value.Precedes(next.Value))
                return false;
        }

        return true;
    }

    private static bool IsBehindAnother(ManagedRunnerState runner, ManagedRunners runners, SchedulerSettings settings) =>
        runners.All.Any(other => other.WantsStart && !Capacity.CanStartNow(other, runners, settings)
            && other.Waiting.First!.Value.Precedes(runner.Waiting.First!.Value));

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
            throw new InvalidOperationException($"Invariant violated: {sentence}.");
    }
}
