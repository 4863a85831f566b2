namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Three agents and three models. Each agent sends its next request some time after the response to the last one.</summary>
/// <param name="Choose">The model of an agent's request, by the agent, the number of the request, and the model before.</param>
/// <param name="PauseSeconds">The average time from a response to the next request; times are distributed exponentially.</param>
internal sealed record Agents(Func<int, int, int, Dice, int> Choose, double PauseSeconds)
{
    public const int Count = 3;

    /// <summary>The models of each agent's requests, in their order.</summary>
    public int[][] Plans(int requests, ulong seed = 0) => [.. Enumerable.Range(0, Count).Select(agent => PlanOf(agent, requests, seed))];

    public void Enter(IAgentWorld world, int requests, ulong seed = 0)
    {
        int[][] plans = Plans(requests, seed);
        for (int i = 0; i < Count; i++)
        {
            (int agent, int turn) = (i, 0);
            var pauses = new Dice(seed + 1_000 + (ulong)agent);
            world.At(TimeSpan.FromSeconds(agent * 0.3), Next);

            void Next() => world.Ask(plans[agent][turn++], () => world.At(world.Now + Pause(pauses), Next));
        }
    }

    private TimeSpan Pause(Dice pauses) => TimeSpan.FromSeconds(PauseSeconds * -Math.Log((pauses.Below(1_000) + 1) / 1_001.0));

    private int[] PlanOf(int agent, int requests, ulong seed)
    {
        var dice = new Dice(seed + 100 + (ulong)agent);
        int[] plan = new int[requests];
        for (int turn = 0; turn < requests; turn++)
            plan[turn] = Choose(agent, turn, turn == 0 ? agent : plan[turn - 1], dice);
        return plan;
    }
}
