using System.Globalization;

namespace ModelRunner.Store.Tests.Layout;

public sealed class CrashTests
{
    private const int Steps = 250;

    // As in the checks of the daemon: the full number is for the nightly run.
    private static int Seeds => Environment.GetEnvironmentVariable("MODEL_RUNNER_CHECKS") == "full" ? 1500 : 25;

    /// <summary>A failure names its seed. The same seed makes the same steps again: set MODEL_RUNNER_STORE_SEED to run only that one.</summary>
    [Fact]
    public void No_order_of_pulls_removals_collections_and_crashes_loses_a_file_of_a_listed_model()
    {
        int[] seeds = int.TryParse(Environment.GetEnvironmentVariable("MODEL_RUNNER_STORE_SEED"), CultureInfo.InvariantCulture, out int only)
            ? [only]
            : [.. Enumerable.Range(1, Seeds)];
        (int Crashes, int Listed, int Deleted) sum = default;
        foreach (int seed in seeds)
        {
            using var world = new StoreWorld(seed);
            string? problem = world.Run(Steps);
            Assert.True(problem is null, $"seed {seed}: {problem}");
            sum = (sum.Crashes + world.Counts.Crashes, sum.Listed + world.Counts.Listed, sum.Deleted + world.Counts.Deleted);
        }

        if (seeds.Length > 1)
            Assert.True(sum.Crashes > seeds.Length && sum.Listed > seeds.Length && sum.Deleted > seeds.Length, $"too little happened: {sum}");
    }
}
