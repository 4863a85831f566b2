using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The output of one start of a runner. Immutable; the process goes on writing.</summary>
/// <param name="Key">What it serves.</param>
/// <param name="Number">A number that no other start of this process has, in the order of the starts.</param>
/// <param name="Process">The runner.</param>
internal sealed record RunnerLog(RunnerKey Key, long Number, IManagedRunner Process);
