using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The states of runners as values of the label <c>state</c>.</summary>
internal static class RunnerStateNames
{
    /// <summary>The states on the page. A runner that waits for capacity has not been started, so it is not there.</summary>
    public static IReadOnlyList<RunnerState> Shown { get; } = [.. Enum.GetValues<RunnerState>().Where(static state => state != RunnerState.Waiting)];

    public static string ToLabelValue(this RunnerState state) => state switch
    {
        RunnerState.Loading => "loading",
        RunnerState.Ready => "ready",
        RunnerState.Stopping => "stopping",
        _ => "failed",
    };
}
