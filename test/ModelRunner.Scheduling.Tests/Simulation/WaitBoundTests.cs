using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>How long requests wait if responses end: the second bound of docs/configuration.md, "How long a request waits".</summary>
public class WaitBoundTests
{
    private const int Worlds = 300;

    [Fact]
    public void Each_request_is_admitted_within_the_bound()
    {
        double[] closest = new double[Worlds];
        Parallel.For(0, Worlds, seed => closest[seed] = FindLongestWait((ulong)seed + 1));

        // The bound must mean something: waits come near to it.
        Assert.InRange(closest.Max(), 0.4, 1);
    }

    /// <summary>Returns the longest wait in relation to its bound.</summary>
    private static double FindLongestWait(ulong seed)
    {
        var dice = new Dice(seed);
        (int models, int longestLoad, int longestResponse, int longestStop) = (2 + dice.Below(4), 1 + dice.Below(20), 1 + dice.Below(29), dice.Below(4));
        var settings = new SchedulerSettings
        {
            MaxRunners = 1 + dice.Below(3), MaxQueuedRequests = int.MaxValue, MaxQueuedPerModel = int.MaxValue, QueueTimeout = TimeSpan.FromDays(10),
            SwapDelay = Seconds(dice.Below(10)), SwapRequests = dice.Below(40), MinStay = Seconds(dice.Below(20)), BackgroundDelay = Seconds(dice.Below(60)),
            MemoryBudgetBytes = dice.OneIn(2) ? null : 100,
        };
        long[] memory = [.. Enumerable.Range(0, models).Select(_ => 20L + dice.Below(81))];
        var world = new BusyWorld(settings, _ => Milliseconds(longestLoad), _ => Milliseconds(longestResponse), () => Milliseconds(longestStop));
        TimeSpan Milliseconds(int seconds) => TimeSpan.FromMilliseconds(dice.Below((seconds * 1000) + 1));

        int pause = 100 + dice.Below(3000);
        for (TimeSpan time = default; time < TimeSpan.FromMinutes(3); time += TimeSpan.FromMilliseconds(dice.Below(pause)))
        {
            int model = dice.Below(models);
            RequestPriority priority = dice.OneIn(4) ? RequestPriority.Background : RequestPriority.Interactive;
            world.At(time, () => world.Ask(Key($"m{model}"), new RunnerDemand(memory[model], null) { Priority = priority }));
        }

        world.Run(TimeSpan.FromHours(10));
        if (world.Waiting > 0)
            throw new InvalidOperationException($"seed {seed}: {world.Waiting} requests wait for ever");
        TimeSpan stay = settings.MinStay < Seconds(longestLoad) ? settings.MinStay : Seconds(longestLoad);
        TimeSpan window = Seconds(longestLoad) + stay;
        window = window > settings.SwapDelay ? window : settings.SwapDelay;
        TimeSpan bound = models * (window + (settings.MaxRunners * Seconds(longestResponse + longestStop)) + Seconds(longestLoad));
        double longest = 0;
        foreach ((RequestPriority priority, TimeSpan wait) in world.Waits)
        {
            TimeSpan allowed = priority == RequestPriority.Background ? bound + settings.BackgroundDelay : bound;
            longest = Math.Max(longest, wait / allowed);
            if (wait > allowed)
                throw new InvalidOperationException($"seed {seed}: a request waits {wait} and no longer than {allowed}");
        }

        return longest;
    }
}
