using Microsoft.Data.Sqlite;

namespace ModelRunner.Daemon.Ledger;

/// <summary>What a failure of the database means.</summary>
internal static class LedgerFailure
{
    private const int WrongStatement = 1; // SQLITE_ERROR
    private const int Busy = 5; // SQLITE_BUSY
    private const int Locked = 6; // SQLITE_LOCKED
    private const int DamagedDatabase = 11; // SQLITE_CORRUPT
    private const int NoDatabase = 26; // SQLITE_NOTADB

    /// <summary>Whether it is a failure of the database or of its files, and not of this program.</summary>
    public static bool IsOfDatabase(Exception failure) => failure is SqliteException or IOException or UnauthorizedAccessException;

    /// <summary>Whether the database must be replaced. The statements are right, so one that is wrong shows that a table or a column is missing.</summary>
    public static bool IsDamage(SqliteException failure) => failure.SqliteErrorCode is DamagedDatabase or NoDatabase
        || (failure.SqliteErrorCode == WrongStatement && (failure.Message.Contains("no such ", StringComparison.Ordinal)
            || failure.Message.Contains("columns but", StringComparison.Ordinal)));

    /// <summary>Whether another process has locked the database, so that the next attempt may be successful.</summary>
    public static bool IsLock(Exception failure) => failure is SqliteException { SqliteErrorCode: Busy or Locked };

    /// <summary>The cause, for a sentence of the log that goes on.</summary>
    public static string TextOf(Exception failure) => failure.Message.TrimEnd('.');
}
