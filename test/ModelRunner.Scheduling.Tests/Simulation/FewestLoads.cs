namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>
/// The fewest loads that a scheduler could reach if it knew all requests and could let agents wait as long as it likes: two of three models fit, and each
/// agent sends its requests one after another.
/// </summary>
/// <remarks>
/// It never pays to swap before every agent waits for the missing model: an agent that goes on first gets at least as far. So the only choice is which
/// model makes room, and all choices are followed. A state in which no agent is ahead of another state with the same missing model is left out.
/// </remarks>
internal static class FewestLoads
{
    private const int Models = 3;

    /// <summary>The loads per request for about half of the requests, so that no agent reaches the end of its plan.</summary>
    public static double PerRequest(int[][] plans)
    {
        int goal = plans.Sum(static plan => plan.Length) / 2;
        List<(int Missing, int[] Reached)> states =
            [.. Enumerable.Range(0, Models).Select(missing => (missing, Advance(plans, new int[plans.Length], missing)))];
        for (int loads = Models - 1; ; loads++)
        {
            int most = states.Max(static state => state.Reached.Sum());
            if (most >= goal)
                return loads / (double)most;
            states = Undominated([.. states.SelectMany(state => Enumerable.Range(0, Models)
                .Where(evicted => evicted != state.Missing)
                .Select(evicted => (evicted, Advance(plans, state.Reached, evicted))))]);
        }
    }

    private static int[] Advance(int[][] plans, int[] reached, int missing) => [.. reached.Select((position, agent) =>
    {
        while (position < plans[agent].Length && plans[agent][position] != missing)
            position++;
        return position;
    })];

    private static List<(int Missing, int[] Reached)> Undominated(List<(int Missing, int[] Reached)> states)
    {
        List<(int Missing, int[] Reached)> kept = [];
        foreach ((int missing, int[] reached) in states.OrderByDescending(static state => state.Reached.Sum()))
        {
            if (!kept.Any(other => other.Missing == missing && other.Reached.Zip(reached).All(static pair => pair.First >= pair.Second)))
                kept.Add((missing, reached));
        }

        return kept;
    }
}
