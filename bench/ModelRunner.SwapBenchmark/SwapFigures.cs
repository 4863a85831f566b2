namespace ModelRunner.SwapBenchmark;

/// <summary>The results of one run.</summary>
/// <param name="Requests">The number of responses.</param>
/// <param name="Loads">The number of loads.</param>
/// <param name="AverageWait">The average time that a request waited for its model, loads included.</param>
/// <param name="LongestWait">The longest time that a request waited for its model, loads included.</param>
/// <param name="LongestResponse">The longest time from the begin of the work of a runner to the end of the response.</param>
internal sealed record SwapFigures(int Requests, int Loads, TimeSpan AverageWait, TimeSpan LongestWait, TimeSpan LongestResponse)
{
    private const int Models = 3;
    private const int MaxRunners = 2;
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(1);

    // A busy machine delays the start of a process.
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(1);

    /// <summary>The bound of docs/configuration.md, "How long until a waiting model has room".</summary>
    public static TimeSpan BoundOf(bool isByArrival, int loadMilliseconds, TimeSpan longestResponse)
    {
        TimeSpan load = TimeSpan.FromMilliseconds(loadMilliseconds) + StartTime;
        TimeSpan window = isByArrival ? load : 2 * load > TimeSpan.FromSeconds(5) ? 2 * load : TimeSpan.FromSeconds(5);
        return Models * (window + (MaxRunners * (longestResponse + LongestStop)) + load);
    }
}
