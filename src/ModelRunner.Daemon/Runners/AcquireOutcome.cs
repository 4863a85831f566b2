using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The outcome of a request for a runner. Exactly one of the two is set.</summary>
internal readonly record struct AcquireOutcome(RunnerLease? Lease, Refuse? Refusal);
