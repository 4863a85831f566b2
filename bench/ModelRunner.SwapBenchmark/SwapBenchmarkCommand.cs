using System.Globalization;

namespace ModelRunner.SwapBenchmark;

/// <summary>The command line: runs each kind of agents with each setting, and writes a table.</summary>
internal static class SwapBenchmarkCommand
{
    private const string Strict = "strict";
    private const string ByArrival = """, "swapDelay": 0, "swapRequests": 0, "minStay": 0""";
    private const string RealFlag = "--llama-server";

    /// <summary>Runs the benchmark.</summary>
    /// <returns>The exit code: 1 if a request waited longer than its bound or a run failed, 2 if the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] words)
    {
        bool isReal = words.Contains(RealFlag, StringComparer.Ordinal);
        string[] arguments = [.. words.Where(static word => word != RealFlag)];
        if (arguments.Length is < 2 or > 4 || !TryRead(arguments, 2, 40, out int seconds) || !TryRead(arguments, 3, 2000, out int loadMilliseconds))
        {
            await Console.Error.WriteLineAsync("error: write the paths of model-runner and stub-runner, and optionally seconds and the milliseconds of a load; "
                + $"with {RealFlag} the second path is that of a llama-server, and two models fit by their memory");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        try
        {
            return await RunAllAsync(arguments[0], new BenchmarkEngine(arguments[1], isReal, loadMilliseconds), seconds, stop.Token) ? 0 : 1;
        }
        catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException or IOException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"error: {failure.Message}");
            return 1;
        }
    }

    /// <summary>Runs each kind of agents with each setting.</summary>
    /// <returns>Whether each request waited no longer than its bound.</returns>
    private static async Task<bool> RunAllAsync(string program, BenchmarkEngine engine, int seconds, CancellationToken cancellation)
    {
        Console.WriteLine("| Agents | Order | Requests | Loads | Loads per request | Average wait | Longest wait | Bound |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        bool isWithin = true;
        string room = engine.IsLlamaServer ? await RoomForTwo.ByMemoryAsync(program, engine, cancellation) : RoomForTwo.ByPlaces;
        foreach (AgentKind kind in Enum.GetValues<AgentKind>())
        {
            foreach ((string name, string limits) in ((string, string)[])[(Strict, ""), ("as they come", ByArrival), ("default", "")])
            {
                await using DaemonRun daemon = await DaemonRun.StartAsync(program, engine, room + limits, cancellation);
                using StrictOrder? order = name == Strict ? new StrictOrder(daemon) : null;
                SwapFigures figures = await new AgentLoad(daemon, kind, order).RunAsync(TimeSpan.FromSeconds(seconds), cancellation);
                await RoomForTwo.CheckAsync(daemon, cancellation);
                TimeSpan bound = SwapFigures.BoundOf(limits.Length > 0, engine.LoadMilliseconds, figures.LongestResponse);
                string shownBound = order is null ? string.Create(CultureInfo.InvariantCulture, $"{bound.TotalSeconds:0.0} s") : "";
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {kind} | {name} | {figures.Requests} | {figures.Loads} | {figures.Loads / (double)figures.Requests:0.000} "
                    + $"| {figures.AverageWait.TotalSeconds:0.00} s | {figures.LongestWait.TotalSeconds:0.0} s | {shownBound} |"));
                isWithin &= order is not null || figures.LongestWait <= bound;
            }
        }

        return isWithin;
    }

    private static bool TryRead(string[] arguments, int index, int fallback, out int value)
    {
        value = fallback;
        return index >= arguments.Length
            || (int.TryParse(arguments[index], NumberStyles.None, CultureInfo.InvariantCulture, out value) && value is > 0 and <= 100_000);
    }
}
