namespace ModelRunner.Scheduling;

/// <summary>Why a runner failed.</summary>
/// <param name="Reason">The reason, for decisions. No code reads it from the message.</param>
/// <param name="Message">One line for the user.</param>
public sealed record RunnerFailure(StopReason Reason, string Message);
