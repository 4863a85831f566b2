namespace ModelRunner.Scheduling;

/// <summary>What holds between any two events.</summary>
internal static class Invariants
{
    public static void Check(
        ManagedRunners runners, Dictionary<RequestId, RequestState> requests, int queued, SchedulerSettings settings, bool isEnding)
    {
        Demand(runners.LiveCount == runners.All.Count(static runner => runner.IsLive), "every process belongs to one key");
        Demand(queued == runners.All.Sum(static runner => runner.Waiting.Count), "the number of waiting requests is counted right");
        Demand(queued == requests.Values.Count(static request => !request.IsAdmitted), "every waiting request is known");
        Demand(!isEnding || queued == 0, "nobody waits while the daemon ends");
        foreach (ManagedRunnerState runner in runners.All)
        {
            int admitted = requests.Values.Count(request => request.IsAdmitted && request.Managed == runner);
            Demand(runner.InFlight == admitted, $"{runner.Key} counts its requests right");
            Demand(runner.Outlasting == requests.Values.Count(request => request.HasOutlastedYield && request.Managed == runner),
                $"{runner.Key} counts the requests right that outlasted a yield");
            Demand(runner.State is not null || runner.Waiting.Count > 0, $"{runner.Key} is remembered for a reason");
            Demand(!runner.TakesRequests || runner.Waiting.Count == 0, $"{runner.Key} lets nobody wait while it takes requests");
            Demand(!runner.WantsStart || !Capacity.HasFor(runner, runners, settings) || IsBehindAnother(runner, runners, settings),
                $"{runner.Key} does not wait for room that there is");
        }
    }

    private static bool IsBehindAnother(ManagedRunnerState runner, ManagedRunners runners, SchedulerSettings settings) =>
        runners.All.Any(other => other.WantsStart && !Capacity.HasFor(other, runners, settings)
            && other.Waiting.First!.Value.Arrived <= runner.Waiting.First!.Value.Arrived);

    private static void Demand(bool holds, string sentence)
    {
        if (!holds)
            throw new InvalidOperationException($"It does not hold that {sentence}.");
    }
}
