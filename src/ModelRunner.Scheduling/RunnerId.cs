namespace ModelRunner.Scheduling;

/// <summary>
/// One start of a runner. A restart gets a new identity, so that a late event of an earlier process does not affect the current one.
/// </summary>
/// <param name="Value">Counts up from 1 over the life of the daemon for managed runners, and down from -1 for attached ones.</param>
public readonly record struct RunnerId(long Value);
