using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Agents that alternate between more models than fit. docs/benchmarks/scheduling.md has the same with the real daemon.</summary>
public class AgentTests
{
    private static readonly SchedulerSettings ByArrival = new() { SwapDelay = default, SwapRequests = 0, MinStay = default };
    private static readonly SchedulerSettings Default = new();

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 2.5)]
    [InlineData(10, 3)]
    public void Agents_with_two_of_three_models_each_load_models_less_often(int loadSeconds, double factor)
    {
        double byArrival = LoadsPerRequest(ByArrival, loadSeconds, static (agent, turn, _) => (agent + (turn % 2)) % 3);
        double collated = LoadsPerRequest(Default, loadSeconds, static (agent, turn, _) => (agent + (turn % 2)) % 3);
        Assert.InRange(byArrival / collated, factor, double.MaxValue);
    }

    // Two of three requests find their model. Even if each swap waited until no agent could go on, it would be three times.
    [Fact]
    public void Agents_that_choose_at_random_load_models_less_often()
    {
        double byArrival = LoadsPerRequest(ByArrival, 1, static (_, _, dice) => dice.Below(3));
        double collated = LoadsPerRequest(Default, 1, static (_, _, dice) => dice.Below(3));
        Assert.InRange(byArrival / collated, 2.5, double.MaxValue);
    }

    // All agents need the same model at the same time, so there is nothing to gain, and nothing may be lost.
    [Fact]
    public void Agents_that_take_turns_load_models_as_often_as_before()
    {
        double byArrival = LoadsPerRequest(ByArrival, 4, static (agent, turn, _) => (agent + turn) % 3);
        double collated = LoadsPerRequest(Default, 4, static (agent, turn, _) => (agent + turn) % 3);
        Assert.InRange(collated / byArrival, 0, 1.05);
    }

    // It waits a quarter of a load, in which it could send another request.
    [Fact]
    public void A_single_client_that_alternates_is_hardly_slower()
    {
        int byArrival = Run(ByArrival with { MaxRunners = 1 }, 1, 4, static (_, turn, _) => turn % 2).Waits.Count;
        int collated = Run(Default with { MaxRunners = 1 }, 1, 4, static (_, turn, _) => turn % 2).Waits.Count;
        Assert.InRange(collated / (double)byArrival, 0.75, 1);
    }

    private static double LoadsPerRequest(SchedulerSettings settings, int loadSeconds, Func<int, int, Dice, int> choose)
    {
        BusyWorld world = Run(settings with { MaxRunners = 2 }, agents: 3, loadSeconds, choose);
        return world.Loads / (double)world.Waits.Count;
    }

    /// <summary>Runs agents for 20 minutes. Each sends its next request 0.1 s after a response.</summary>
    private static BusyWorld Run(SchedulerSettings settings, int agents, int loadSeconds, Func<int, int, Dice, int> choose)
    {
        var dice = new Dice(7);
        var world = new BusyWorld(settings, _ => Seconds(loadSeconds), _ => Seconds(0.2 + (dice.Below(200) / 1000.0)), () => Seconds(0.1));
        for (int i = 0; i < agents; i++)
        {
            (int agent, int turn) = (i, 0);
            world.At(Seconds(agent * 0.3), Next);

            void Next() => world.Ask(Key($"m{choose(agent, turn++, dice)}"), default, _ => world.At(world.Now + Seconds(0.1), Next));
        }

        world.Run(TimeSpan.FromMinutes(20));
        return world;
    }
}
