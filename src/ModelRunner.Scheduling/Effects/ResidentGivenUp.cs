namespace ModelRunner.Scheduling;

/// <summary>
/// A resident is no longer started without a request, because its starts failed. For information: nothing has to be carried out. A request or the
/// next <see cref="ResidentsChanged"/> tries it again.
/// </summary>
/// <param name="Key">The resident.</param>
/// <param name="Failures">The failed starts in a row.</param>
/// <param name="Failure">The last failure; null: it is not known any more.</param>
public sealed record ResidentGivenUp(RunnerKey Key, int Failures, RunnerFailure? Failure) : SchedulerEffect;
