using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>A runner is not started because somebody wants that.</summary>
/// <param name="failure">The reason.</param>
internal sealed class StartCancelledException(RunnerFailure failure) : Exception(failure.Message)
{
    /// <summary>The reason.</summary>
    public RunnerFailure Failure => failure;
}
