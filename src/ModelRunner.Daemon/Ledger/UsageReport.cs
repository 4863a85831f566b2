using Microsoft.Data.Sqlite;

namespace ModelRunner.Daemon.Ledger;

/// <summary>Reads sums over requests from the ledger.</summary>
internal static class UsageReport
{
    private const string Sums = """
        sum(requests), sum(completed), sum(prompt), sum(cached), sum(generated), sum(unconfirmed), sum(duration)
        """;

    // The totals as rows with the columns of hours. Times are in units of 100 ns.
    private const string Totals = """
        SELECT account,
            sum(CASE WHEN series LIKE 'requests/%' THEN value ELSE 0 END) AS requests,
            sum(CASE WHEN series LIKE 'requests/completed/%' THEN value ELSE 0 END) AS completed,
            sum(CASE series WHEN 'tokens/prompt' THEN value ELSE 0 END) AS prompt,
            sum(CASE series WHEN 'tokens/cached' THEN value ELSE 0 END) AS cached,
            sum(CASE series WHEN 'tokens/generated' THEN value ELSE 0 END) AS generated,
            sum(CASE WHEN series IN ('unconfirmed/prompt', 'unconfirmed/cached', 'unconfirmed/generated') THEN value ELSE 0 END) AS unconfirmed,
            sum(CASE series WHEN 'duration/sum' THEN value ELSE 0 END) AS duration
        FROM totals GROUP BY account HAVING requests > 0
        """;

    private const string Hours = "SELECT * FROM hours WHERE hour >= $since";

    /// <summary>Reads the rows, in the order of their names.</summary>
    /// <param name="database">The ledger.</param>
    /// <param name="group">What a row stands for.</param>
    /// <param name="sinceHour">The first hour, in hours since 1970; null: all requests, for days and hours those of the last 400 days.</param>
    public static IReadOnlyList<UsageRow> Read(LedgerReader database, UsageGroup group, long? sinceHour)
    {
        bool isOfTime = group is UsageGroup.Day or UsageGroup.Hour;
        string source = sinceHour is null && !isOfTime ? Totals : Hours;
        string name = group switch
        {
            UsageGroup.Model => "model",
            UsageGroup.Mode => "mode",
            UsageGroup.Key => "key_name",
            UsageGroup.Day => "strftime('%Y-%m-%d', hour * 3600, 'unixepoch')",
            _ => "strftime('%Y-%m-%dT%H:00:00Z', hour * 3600, 'unixepoch')",
        };
        string backend = group == UsageGroup.Model ? "backend" : "NULL";
        return database.Query(
            $"SELECT {backend}, {name} AS name, {Sums} FROM ({source}) JOIN accounts ON account = accounts.id GROUP BY 1, name ORDER BY name, 1",
            source == Hours ? sinceHour ?? 0 : null, ReadRow);
    }

    /// <summary>The sums of two reports of the same group, in the order of <see cref="Read"/>.</summary>
    public static IReadOnlyList<UsageRow> Add(IReadOnlyList<UsageRow> first, IReadOnlyList<UsageRow> second) =>
    [
        .. first.Concat(second).GroupBy(static row => (row.Backend, row.Name), static (_, rows) => rows.Aggregate(static (sum, row) => sum.Add(row)))
            .OrderBy(static row => row.Name, StringComparer.Ordinal).ThenBy(static row => row.Backend, StringComparer.Ordinal),
    ];

    private static UsageRow ReadRow(SqliteDataReader row) => new(
        row.IsDBNull(0) ? null : row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5),
        row.GetInt64(6), row.GetInt64(7), TimeSpan.FromTicks(row.GetInt64(8)));
}
