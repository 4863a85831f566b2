using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>Reads a ledger that cannot be written now: the disk is full or read-only, or another process has locked the database.</summary>
internal static class UnwritableLedger
{
    /// <summary>Opens the database for reading.</summary>
    /// <exception cref="IOException">It is not a ledger of this version, or something else has the name of a file.</exception>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">It cannot be read now.</exception>
    public static LedgerDatabase Open(LedgerFile file)
    {
        file.CheckFiles();
        return LedgerDatabase.OpenReadOnly(file.FilePath, file.LogBytes > 0, file.HasLogIndex);
    }

    /// <summary>Reads the database, and the sums that are missing there with the same query.</summary>
    /// <param name="file">The ledger's file; null: it was in memory, and is lost.</param>
    /// <param name="unstored">What the database does not have yet.</param>
    /// <param name="cause">Why it could not be written.</param>
    /// <param name="read">The query.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="IOException">It cannot be read now.</exception>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">It cannot be read now.</exception>
    public static LedgerReading<T> Read<T>(LedgerFile? file, LedgerSums unstored, string cause, Func<LedgerReader, T> read, DateTimeOffset now)
    {
        if (file is null)
            throw new IOException(cause);
        using LedgerDatabase database = Open(file);
        T stored = read(database.Reader);
        using LedgerDatabase rest = LedgerDatabase.Open(path: null);
        rest.Write([], unstored, open: null, new RunnerBacklog(new RunnerAccounts(maxModels: 1)), now);
        return new LedgerReading<T>(stored, new UnstoredReading<T>(read(rest.Reader), WithPath(file.FilePath, cause)));
    }

    private static string WithPath(string path, string cause) => cause.Contains(path, StringComparison.Ordinal) ? cause : $"{path}: {cause}";
}
