using System.Globalization;

namespace ModelRunner.SwapBenchmark;

/// <summary>Limits with which two of the three models fit.</summary>
internal static class RoomForTwo
{
    private const int Room = 2;

    /// <summary>Two places, whatever the models need.</summary>
    public static string ByPlaces => string.Create(CultureInfo.InvariantCulture, $"\"maxRunners\":{Room}");

    /// <summary>
    /// Memory for two models and a half. A daemon without this limit loads each model twice before, so that what it reserves is also known after its
    /// measurements.
    /// </summary>
    /// <exception cref="InvalidOperationException">What is reserved changes so much that there is no such limit.</exception>
    public static async Task<string> ByMemoryAsync(string daemon, BenchmarkEngine engine, CancellationToken cancellation)
    {
        List<long> reserved = [];
        await using DaemonRun run = await DaemonRun.StartAsync(daemon, engine with { LoadMilliseconds = 1 }, "", cancellation);
        for (int round = 0; round < 2; round++)
        {
            for (int model = 0; model < DaemonRun.Models; model++)
            {
                using StringContent content = run.MakeRequest(model);
                using HttpResponseMessage response = await run.Client.PostAsync(DaemonRun.Completions, content, cancellation);
                response.EnsureSuccessStatusCode();
            }

            reserved.AddRange(await run.ReadEstimatesAsync(cancellation));
            for (int model = 0; model < DaemonRun.Models; model++)
                await run.UnloadAsync(model, cancellation);
        }

        long limit = reserved.Max() * ((2 * Room) + 1) / 2;
        return reserved.Min() * (Room + 1) > limit
            ? string.Create(CultureInfo.InvariantCulture, $"\"memory\":{limit}")
            : throw new InvalidOperationException($"models need {reserved.Min()} to {reserved.Max()} bytes, so no limit of memory has room for {Room} of them and not for {Room + 1}");
    }

    /// <summary>Checks that no more models fit.</summary>
    /// <exception cref="InvalidOperationException">More models are loaded.</exception>
    public static async Task CheckAsync(DaemonRun run, CancellationToken cancellation)
    {
        if ((await run.ReadEstimatesAsync(cancellation)).Count is > Room and var count)
            throw new InvalidOperationException($"{count} models are loaded at the same time, and {Room} should fit");
    }
}
