using System.Globalization;
using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Agents that alternate between more models than fit. docs/benchmarks/swaps.md has the figures, and the same with the real daemon.</summary>
public class AgentTests(ITestOutputHelper output)
{
    private const int Requests = 6_000;
    private const int Seeds = 4;
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(10);
    private static readonly SchedulerSettings Default = new() { MaxRunners = 2 };

    private static readonly Dictionary<string, Func<int, int, int, Dice, int>> Kinds = new(StringComparer.Ordinal)
    {
        // Each agent alternates between two of the three models.
        ["pairs"] = static (agent, turn, _, _) => (agent + (turn % 2)) % 3,
        ["random"] = static (_, _, _, dice) => dice.Below(3),
        ["turns"] = static (agent, turn, _, _) => (agent + turn) % 3,

        // As the turns, but one of five requests is for any model.
        ["nearly turns"] = static (_, _, last, dice) => dice.OneIn(5) ? dice.Below(3) : (last + 1) % 3,

        // Two of three requests are for the model of the last one.
        ["sticky"] = static (_, _, last, dice) => dice.OneIn(2) ? last : dice.Below(3),

        // One uses the models in turn, one in the opposite order, one at random: what comes next is known only in part.
        ["mixed"] = static (agent, turn, _, dice) => agent == 0 ? turn % 3 : agent == 1 ? 2 - (turn % 3) : dice.Below(3),
    };

    /// <summary>The last number is the factor by which there must be fewer loads than in strict order of arrival, for the same number of requests.</summary>
    [Theory]
    [InlineData("pairs", 0.1, 1, 4.5)]
    [InlineData("pairs", 0.1, 10, 7)]
    [InlineData("pairs", 1, 10, 2.7)]
    [InlineData("random", 0.1, 1, 2.65)]
    [InlineData("random", 0.1, 10, 2.6)]
    [InlineData("random", 1, 10, 2.2)]
    [InlineData("random", 3, 1, 0.95)]
    [InlineData("turns", 0.1, 1, 1.85)]
    [InlineData("turns", 0.1, 10, 1.75)]
    [InlineData("turns", 1, 1, 1.4)]
    [InlineData("turns", 3, 10, 1.4)]
    [InlineData("nearly turns", 0.1, 1, 2.5)]
    [InlineData("nearly turns", 0.1, 10, 2.4)]
    [InlineData("sticky", 0.1, 1, 4)]
    [InlineData("sticky", 0.1, 10, 4)]
    [InlineData("sticky", 1, 10, 2.3)]
    [InlineData("mixed", 0.1, 1, 2.1)]
    [InlineData("mixed", 0.1, 10, 2)]
    public void Agents_load_models_less_often_than_in_strict_order(string kind, double pause, int load, double factor)
    {
        var agents = new Agents(Kinds[kind], pause);
        List<IAgentWorld> strict = [], ours = [];
        List<TimeSpan> waits = [];
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            strict.Add(Run(new StrictOrderWorld(2, () => Seconds(load), ResponseTime(), static () => Seconds(0.1)), agents, seed));
            BusyWorld world = MakeWorld(Default, load);
            ours.Add(Run(world, agents, seed));
            waits.AddRange(world.Waits.Select(static wait => wait.Wait));
        }

        double reached = LoadsPerRequest(strict) / LoadsPerRequest(ours);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {kind} | {pause} s | {load} s | {LoadsPerRequest(strict):0.000} | {LoadsPerRequest(ours):0.000} | {reached:0.0} | {Admitted(strict)} | {Admitted(ours)} "
            + $"| {waits.Average(static wait => wait.TotalSeconds):0.0} s | {waits.Max().TotalSeconds:0.0} s |"));
        Assert.InRange(reached, factor, double.MaxValue);

        // Fewer loads must not be bought with fewer responses.
        Assert.InRange(Admitted(ours) / (double)Admitted(strict), 0.95, double.MaxValue);
    }

    /// <summary>The last number is how many times the loads may be those of a scheduler that knows the future and never has to answer in time.</summary>
    [Theory]
    [InlineData("random", 1.35)]
    [InlineData("turns", 1.05)]
    [InlineData("nearly turns", 1.15)]
    [InlineData("sticky", 1.45)]
    [InlineData("mixed", 1.35)]
    public void They_are_loaded_nearly_as_seldom_as_if_the_future_were_known(string kind, double factor)
    {
        var agents = new Agents(Kinds[kind], 0.1);
        ulong[] seeds = [.. Enumerable.Range(1, Seeds).Select(static seed => (ulong)seed)];
        double fewest = seeds.Average(seed => FewestLoads.PerRequest(agents.Plans(100, seed)));
        double ours = LoadsPerRequest([.. seeds.Select(seed => Run(MakeWorld(Default, 1), agents, seed))]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {kind} | {fewest:0.000} | {ours:0.000} |"));
        Assert.InRange(ours / fewest, 0.95, factor);
    }

    // Its next request shows that no other one comes. So it waits no longer than in order of arrival, whether one or two models fit.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    public void A_single_client_is_as_fast_as_in_strict_order(int room, int models)
    {
        var strict = new StrictOrderWorld(room, static () => Seconds(4), ResponseTime(), static () => Seconds(0.1));
        BusyWorld ours = MakeWorld(Default with { MaxRunners = room }, 4);
        foreach (IAgentWorld world in (IAgentWorld[])[strict, ours])
        {
            int turn = 0;
            world.At(default, Next);
            world.Run(Time);

            void Next() => world.Ask(turn++ % models, () => world.At(world.Now + Seconds(0.1), Next));
        }

        output.WriteLine($"{models} models, {room} fit: {ours.Admitted} responses, in strict order {strict.Admitted}");
        Assert.InRange(ours.Admitted / (double)strict.Admitted, 0.99, double.MaxValue);
    }

    // Two of three models fit, and each is used in turn: half of the requests need a load, and not all as if the least recently used made room.
    [Fact]
    public void A_single_client_that_uses_three_models_in_turn_loads_for_every_second_request()
    {
        BusyWorld world = MakeWorld(Default, 4);
        int turn = 0;
        world.At(default, Next);
        world.Run(Time);
        Assert.InRange(LoadsPerRequest([world]), 0.49, 0.53);

        void Next() => world.Ask(turn++ % 3, () => world.At(world.Now + Seconds(0.1), Next));
    }

    private static BusyWorld MakeWorld(SchedulerSettings settings, int load)
    {
        Func<TimeSpan> responseTime = ResponseTime();
        return new BusyWorld(settings, _ => Seconds(load), _ => responseTime(), static () => Seconds(0.1));
    }

    private static Func<TimeSpan> ResponseTime()
    {
        var dice = new Dice(7);
        return () => Seconds(0.2 + (dice.Below(200) / 1000.0));
    }

    private static IAgentWorld Run(IAgentWorld world, Agents agents, ulong seed)
    {
        agents.Enter(world, Requests, seed * 10_000);
        world.Run(Time);
        return world;
    }

    private static double LoadsPerRequest(List<IAgentWorld> worlds) => worlds.Sum(static world => world.Loads) / (double)Admitted(worlds);

    private static int Admitted(List<IAgentWorld> worlds) => worlds.Sum(static world => world.Admitted);
}
