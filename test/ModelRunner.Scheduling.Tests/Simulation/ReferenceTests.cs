using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>The scheduler decides the same, at the same times, as the rules in their most obvious form.</summary>
public class ReferenceTests
{
    private const int Worlds = 1_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    [Fact]
    public void Both_decide_the_same_at_every_moment() => Parallel.For(1, Worlds + 1, static seed => Compare((ulong)seed));

    private static void Compare(ulong seed)
    {
        var dice = new Dice(seed);
        var settings = new SchedulerSettings
        {
            MaxRunners = 1 + dice.Below(3), MaxQueuedRequests = 1 + dice.Below(12), MaxQueuedPerModel = 1 + dice.Below(12),
            MemoryBudgetBytes = dice.OneIn(2) ? null : 60 + dice.Below(90),
            DefaultKeepAlive = Seconds(5 + dice.Below(60)), QueueTimeout = Seconds(10 + dice.Below(60)), YieldLimit = TimeSpan.FromDays(1),
            SwapDelay = Seconds(dice.Below(8)), SwapRequests = dice.Below(6), MinStay = Seconds(dice.Below(12)), BackgroundDelay = Seconds(dice.Below(20)),
        };

        // No response lasts longer than half of any queue timeout, which is the longest yield.
        var world = new ReferenceWorld(settings, dice);
        for (TimeSpan now = default; now < TimeSpan.FromMinutes(2); now += Tick)
        {
            if (world.Step(now) is { } difference)
                Assert.Fail($"seed {seed}, {now.TotalSeconds} s: {difference}");
        }
    }
}
