namespace ModelRunner.Scheduling;

/// <summary>Why a runner failed.</summary>
/// <param name="Reason">The reason, for decisions. No code reads it from the message.</param>
/// <param name="Message">One line for the user.</param>
public sealed record RunnerFailure(StopReason Reason, string Message)
{
    /// <summary>What ended it, where that is known more precisely than from the reason.</summary>
    public CrashClass Class { get; init; } = CrashClasses.Of(Reason) ?? CrashClass.Other;
}
