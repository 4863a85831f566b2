using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Creates the snapshots from the state of the scheduler and of the scheduler loop.</summary>
internal static class RunnerSnapshots
{
    /// <param name="statuses">The statuses, in the order of the snapshots.</param>
    /// <param name="live">The live runners.</param>
    /// <param name="engineOf">The engine of a managed runner; null if there is none.</param>
    /// <param name="origin">The wall-clock time of the origin of the scheduler's clock.</param>
    public static IReadOnlyList<RunnerSnapshot> Make(
        IReadOnlyList<RunnerStatus> statuses, LiveRunners live, Func<RunnerKey, string?> engineOf, DateTimeOffset origin)
    {
        var snapshots = new RunnerSnapshot[statuses.Count];
        for (int i = 0; i < snapshots.Length; i++)
        {
            // A runner that has just ended is still in the list of live runners, but it cannot be reached.
            bool hasProcess = statuses[i].State.IsLive();
            snapshots[i] = Make(statuses[i], hasProcess ? live.Find(statuses[i].Id) : null, engineOf, origin);
        }

        return snapshots;
    }

    private static RunnerSnapshot Make(RunnerStatus status, LiveRunner? live, Func<RunnerKey, string?> engineOf, DateTimeOffset origin) => new()
    {
        Id = status.Id,
        Key = status.Key,
        State = status.State,
        IsAttached = status.IsAttached,
        Replica = live?.Replica,
        Endpoint = live?.Endpoint,
        Engine = status.IsAttached ? "attached" : live?.Process?.Program?.Engine ?? engineOf(status.Key) ?? "none",
        Program = live?.Process?.Program,
        LoadedFiles = live?.Process?.LoadedFiles ?? [],
        ProcessId = live?.Process?.ProcessId,
        StartedAt = live?.StartedAt,
        MemoryBytes = status.MemoryBytes,
        Cards = status.Cards,
        Peak = live?.Memory,
        Model = live?.Model,
        Tally = live?.Tally,
        Progress = live?.Progress,
        Users = live?.Users,
        Receipt = live?.Process is { Ready.IsCompleted: true } ready ? ready.Receipt : null,
        Slots = live?.Process?.Slots,
        Arguments = live?.Process?.Arguments ?? [],
        InFlight = status.InFlight,
        Queued = status.Queued,
        Concurrency = status.Concurrency,
        IsResident = status.IsResident,
        Outdated = status.Outdated,
        LastUsed = status.LastUsed is { } used ? origin + used : null,
        KeepAlive = status.KeepAlive,
        Failure = status.Failure,
    };
}
