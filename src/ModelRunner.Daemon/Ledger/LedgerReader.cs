using Microsoft.Data.Sqlite;

namespace ModelRunner.Daemon.Ledger;

/// <summary>Reads rows of the ledger. Not thread-safe.</summary>
/// <param name="connection">An open connection.</param>
internal sealed class LedgerReader(SqliteConnection connection)
{
    /// <summary>Reads a database with a connection of its own, which neither waits for a writer nor delays it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads.</param>
    /// <exception cref="SqliteException">It cannot be read.</exception>
    public static T Read<T>(string path, Func<LedgerReader, T> read)
    {
        var text = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 1 };
        using var connection = new SqliteConnection(text.ToString());
        connection.Open();
        return read(new LedgerReader(connection));
    }

    /// <summary>Reads rows.</summary>
    /// <param name="text">The query.</param>
    /// <param name="since">The value of <c>$since</c>; null: the query has none.</param>
    /// <param name="read">Reads a row.</param>
    public IReadOnlyList<T> Query<T>(string text, long? since, Func<SqliteDataReader, T> read)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        if (since is { } value)
            command.Parameters.AddWithValue("$since", value);
        using SqliteDataReader row = command.ExecuteReader();
        var rows = new List<T>();
        while (row.Read())
            rows.Add(read(row));
        return rows;
    }
}
