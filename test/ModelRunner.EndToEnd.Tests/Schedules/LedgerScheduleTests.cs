using System.Globalization;
using ModelRunner.EndToEnd.Tests.Publishing;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>
/// Random schedules of requests, clients that leave, scrapes, unloads, evictions, and kills of runners and of the published daemon. No total of the
/// page falls, also over a restart, and at rest each request is counted exactly once, with the tokens of the stub's journal.
/// </summary>
[Collection(nameof(PublishedGroup))]
public sealed class LedgerScheduleTests(PublishedFolder published)
{
    /// <summary>Runs only the schedule with this seed, several times, to repeat a failure.</summary>
    private const string SeedVariable = "LEDGER_SEED";

    private const int Schedules = 200;
    private const int Repetitions = 25;
    private const int Chains = 4;

    [Fact]
    public async Task No_total_falls_and_each_request_counts_once()
    {
        string program = Path.Join(await published.RequireAsync(), "model-runner");
        IEnumerable<int> seeds = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int seed)
            ? Enumerable.Repeat(seed, Repetitions)
            : Enumerable.Range(1, Schedules);
        using var failing = new CancellationTokenSource();
        await Task.WhenAll(seeds.Chunk((seeds.Count() + Chains - 1) / Chains).Select(chunk => RunAsync(program, chunk, failing)));
    }

    private static async Task RunAsync(string program, IEnumerable<int> seeds, CancellationTokenSource failing)
    {
        await using var chain = new LedgerChain(program);
        foreach (int seed in seeds.TakeWhile(_ => !failing.IsCancellationRequested))
        {
            var plan = new SchedulePlan(seed);
            try
            {
                await chain.RunAsync(plan);
            }
            catch (Exception failure)
            {
                await failing.CancelAsync();
                Assert.Fail($"{SeedVariable}={seed}: {plan}\n{failure}");
            }
        }

        await chain.EndAsync();
    }
}
