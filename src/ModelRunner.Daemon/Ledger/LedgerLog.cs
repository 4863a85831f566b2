namespace ModelRunner.Daemon.Ledger;

/// <summary>Log events of the ledger.</summary>
internal static partial class LedgerLog
{
    [LoggerMessage(LogLevel.Warning, "The ledger {Ledger} cannot be written: {Cause}. Requests go on; their totals are kept in memory and written "
        + "as soon as the ledger can be written.")]
    public static partial void LogDown(this ILogger<RequestLedger> logger, string ledger, string cause);

    [LoggerMessage(LogLevel.Information, "The ledger {Ledger} can be written again.")]
    public static partial void LogUp(this ILogger<RequestLedger> logger, string ledger);

    [LoggerMessage(LogLevel.Error, "The ledger was damaged ({Cause}) and was renamed to {Damaged}; a new ledger begins.")]
    public static partial void LogSetAside(this ILogger<RequestLedger> logger, string cause, string damaged);

    [LoggerMessage(LogLevel.Error, "A part of the ledger {Ledger} is missing: {Cause}. Totals that were only there are lost.")]
    public static partial void LogLoss(this ILogger<RequestLedger> logger, string ledger, string cause);

    [LoggerMessage(LogLevel.Warning, "Requests that had not ended when the last daemon was killed: {Count}. They count as lost.")]
    public static partial void LogLost(this ILogger<RequestLedger> logger, int count);

    [LoggerMessage(LogLevel.Error, "The ledger {Ledger} could not be written before the end; the totals since its last write are lost.")]
    public static partial void LogUnsaved(this ILogger<RequestLedger> logger, string ledger);

    [LoggerMessage(LogLevel.Error, "The ledger failed unexpectedly.")]
    public static partial void LogFailed(this ILogger<RequestLedger> logger, Exception failure);
}
