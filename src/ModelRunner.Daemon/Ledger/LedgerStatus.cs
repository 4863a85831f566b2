namespace ModelRunner.Daemon.Ledger;

/// <summary>The state of the ledger at one time.</summary>
/// <param name="IsUp">Whether the last write was successful.</param>
/// <param name="Errors">Failed writes since the start, and parts of the database that were missing at the start.</param>
/// <param name="Bytes">The size of the database.</param>
/// <param name="Cause">Why the last write failed, without a full stop; empty: it was successful.</param>
internal sealed record LedgerStatus(bool IsUp, long Errors, long Bytes, string Cause);
