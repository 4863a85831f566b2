namespace ModelRunner.Daemon.Runners;

/// <summary>Why a runner failed or ended.</summary>
/// <param name="Reason">The reason, for decisions.</param>
/// <param name="Message">One line for the user.</param>
internal sealed record RunnerFailure(RunnerFailureReason Reason, string Message);
