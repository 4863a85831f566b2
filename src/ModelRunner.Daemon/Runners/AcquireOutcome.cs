using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The answer to a request for a runner: exactly one of the two is set.</summary>
internal readonly record struct AcquireOutcome(RunnerLease? Lease, Refuse? Refusal);
