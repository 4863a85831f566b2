namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>What happens in one schedule. The same seed makes the same plan; how the steps overlap depends on the machine.</summary>
internal sealed class SchedulePlan
{
    private const int MaxRequests = 7;

    private static readonly RequestKind[] Kinds =
    [
        RequestKind.Json, RequestKind.Json, RequestKind.Json, RequestKind.Stream, RequestKind.Stream, RequestKind.Stream, RequestKind.Embedding,
        RequestKind.LeavesStream, RequestKind.LeavesEarly, RequestKind.NoModel,
    ];

    private static readonly Disturbance[] Disturbances =
    [
        Disturbance.Nothing, Disturbance.Nothing, Disturbance.Nothing, Disturbance.Unload, Disturbance.KillRunner, Disturbance.KillRunner,
        Disturbance.KillDaemon, Disturbance.KillDaemon, Disturbance.KillDaemonAtRest, Disturbance.EndDaemon,
    ];

    public SchedulePlan(int seed)
    {
        Seed = seed;
        var random = new Random(seed);
        int count = random.Next(2, MaxRequests + 1);
        for (int i = 1; i <= count; i++)
        {
            RequestKind kind = Kinds[random.Next(Kinds.Length)];
            Requests.Add(new ScheduledRequest($"s{seed}r{i}", kind, Words: i, Tokens: random.Next(1, 10), LeavesAfter: random.Next(12)));
        }

        Disturbance = Disturbances[random.Next(Disturbances.Length)];
        DisturbAfter = random.Next(count * 6);
        Choice = random.Next(100);
    }

    public int Seed { get; }

    public List<ScheduledRequest> Requests { get; } = [];

    public Disturbance Disturbance { get; }

    /// <summary>After how many events (lines and ends of responses) it happens.</summary>
    public int DisturbAfter { get; }

    /// <summary>Which runner is killed, modulo their number.</summary>
    public int Choice { get; }

    /// <summary>Whether the daemon may be killed while requests run.</summary>
    public bool MayLose => Disturbance is Disturbance.KillDaemon or Disturbance.EndDaemon;

    public override string ToString() =>
        $"{Disturbance} after {DisturbAfter} events\n" + string.Join('\n', Requests.Select(static request => $"  {request}"));
}
