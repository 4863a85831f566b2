using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Makes the copy for readers from what the scheduler and the loop know.</summary>
internal static class RunnerSnapshots
{
    /// <param name="statuses">What the scheduler knows, in the order to keep.</param>
    /// <param name="live">How the runners are reached.</param>
    /// <param name="engine">The engine of managed runners.</param>
    /// <param name="origin">The wall time that the scheduler's spans count from.</param>
    public static IReadOnlyList<RunnerSnapshot> Make(
        IReadOnlyList<RunnerStatus> statuses, LiveRunners live, string? engine, DateTimeOffset origin)
    {
        var snapshots = new RunnerSnapshot[statuses.Count];
        for (int i = 0; i < snapshots.Length; i++)
        {
            // One that has just ended is still known here, but is reached no more.
            bool hasProcess = statuses[i].State is RunnerState.Loading or RunnerState.Ready or RunnerState.Stopping;
            snapshots[i] = Make(statuses[i], hasProcess ? live.Find(statuses[i].Id) : null, engine, origin);
        }

        return snapshots;
    }

    private static RunnerSnapshot Make(RunnerStatus status, LiveRunner? live, string? engine, DateTimeOffset origin) => new()
    {
        Id = status.Id,
        Key = status.Key,
        State = status.State,
        IsAttached = status.IsAttached,
        Replica = live?.Replica,
        Endpoint = live?.Endpoint,
        Engine = status.IsAttached ? "attached" : engine ?? "none",
        ProcessId = live?.Process?.ProcessId,
        Arguments = live?.Process?.Arguments ?? [],
        InFlight = status.InFlight,
        Queued = status.Queued,
        LastUsed = status.LastUsed is { } used ? origin + used : null,
        KeepAlive = status.KeepAlive,
        Failure = status.Failure,
    };
}
