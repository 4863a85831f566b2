namespace ModelRunner.Daemon.Ledger;

/// <summary>The ledger must not be used. The message names the file, the cause and what to do.</summary>
internal sealed class LedgerException(string message) : IOException(message);
