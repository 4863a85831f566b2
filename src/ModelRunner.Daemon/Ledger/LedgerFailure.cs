using System.ComponentModel;
using System.Globalization;
using Microsoft.Data.Sqlite;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Ledger;

/// <summary>What a failure of the database means.</summary>
internal static class LedgerFailure
{
    private const int WrongStatement = 1; // SQLITE_ERROR
    private const int Busy = 5; // SQLITE_BUSY
    private const int Locked = 6; // SQLITE_LOCKED
    private const int ReadOnly = 8; // SQLITE_READONLY
    private const int DiskError = 10; // SQLITE_IOERR
    private const int DamagedDatabase = 11; // SQLITE_CORRUPT
    private const int Full = 13; // SQLITE_FULL
    private const int CannotOpen = 14; // SQLITE_CANTOPEN
    private const int NoDatabase = 26; // SQLITE_NOTADB
    private const int ReadOnlyDisk = 30; // EROFS

    // SQLite calls it an error of the disk if there is no space for the index of its log, which has 32 KiB at least.
    private const long MinSpace = 64 * 1024;

    /// <summary>Whether it is a failure of the database or of its files, and not of this program.</summary>
    public static bool IsOfDatabase(Exception failure) => failure is SqliteException or IOException or UnauthorizedAccessException;

    /// <summary>Whether the database must be replaced. The statements are right, so one that is wrong shows that a table or a column is missing.</summary>
    public static bool IsDamage(SqliteException failure) => failure.SqliteErrorCode is DamagedDatabase or NoDatabase
        || (failure.SqliteErrorCode == WrongStatement && (failure.Message.Contains("no such ", StringComparison.Ordinal)
            || failure.Message.Contains("columns but", StringComparison.Ordinal)));

    /// <summary>Whether another process has locked the database, so that the next attempt may be successful.</summary>
    public static bool IsLock(Exception failure) => failure is SqliteException { SqliteErrorCode: Busy or Locked };

    /// <summary>Why a write failed and what to do, for a sentence that has named the file and goes on.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="file">The ledger's file; null: it is in memory.</param>
    public static string Explain(Exception failure, LedgerFile? file)
    {
        if (file is null)
            return TextOf(failure);
        string folder = Path.GetDirectoryName(file.FilePath)!;
        if (IsFull(failure, folder))
            return $"no space left on device; make space on the disk of {folder}, or set another folder with statePath";
        if (failure is UnauthorizedAccessException or SqliteException { SqliteErrorCode: ReadOnly } || ErrorOf(failure) == ReadOnlyDisk)
            return $"{TextOf(failure)}; let the daemon write to {folder}, or set another folder with statePath";
        return failure is SqliteException { SqliteErrorCode: DiskError or CannotOpen, SqliteExtendedErrorCode: var code }
            ? string.Create(CultureInfo.InvariantCulture, $"{TextOf(failure)} (extended code {code}); check the disk of {folder} and its permissions")
            : TextOf(failure);
    }

    /// <summary>Why a report was not made, if the ledger has not responded.</summary>
    /// <param name="limit">How long it may take.</param>
    /// <param name="file">The path of the ledger's file; null: it is in memory.</param>
    public static string ExplainHang(TimeSpan limit, string? file)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"the ledger has not responded for {limit.TotalSeconds:0} s");
        return file is null
            ? $"{text}; try again later"
            : $"{text}; its disk may be slow or broken: try again later, or check the disk of {Path.GetDirectoryName(file)}";
    }

    private static bool IsFull(Exception failure, string folder) => failure switch
    {
        SqliteException { SqliteErrorCode: Full } => true,
        SqliteException { SqliteErrorCode: DiskError or CannotOpen } => DiskSpace.Available(folder) < MinSpace,
        _ => ErrorOf(failure) is DiskSpace.ErrorFull or DiskSpace.ErrorQuota,
    };

    // .NET puts the error code of the kernel into HResult.
    private static int ErrorOf(Exception failure) => failure.InnerException is Win32Exception inner ? inner.NativeErrorCode : failure.HResult & 0xFFFF;

    /// <summary>The cause, for a sentence of the log that goes on.</summary>
    public static string TextOf(Exception failure) => failure.Message.TrimEnd('.');
}
