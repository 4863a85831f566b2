namespace ModelRunner.Daemon.Ledger;

/// <summary>What was read from the ledger.</summary>
/// <param name="Stored">What is in the database.</param>
/// <param name="Unstored">What is not in it yet, because it cannot be written now; null: everything is in it.</param>
internal sealed record LedgerReading<T>(T Stored, UnstoredReading<T>? Unstored = null);
