namespace ModelRunner.Scheduling;

/// <summary>What the states of runners have in common.</summary>
public static class RunnerStates
{
    /// <summary>Whether a runner in this state has a process, is getting one or is ending it. One that failed or waits has none.</summary>
    public static bool IsLive(this RunnerState state) => state is RunnerState.Loading or RunnerState.Ready or RunnerState.Stopping;
}
