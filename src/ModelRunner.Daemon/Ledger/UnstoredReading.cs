namespace ModelRunner.Daemon.Ledger;

/// <summary>What was read from the sums that are only in memory.</summary>
/// <param name="Value">The same query on these sums alone.</param>
/// <param name="Cause">Why they could not be written, without a full stop.</param>
internal sealed record UnstoredReading<T>(T Value, string Cause);
