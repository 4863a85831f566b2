using System.Globalization;
using Microsoft.Data.Sqlite;

namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>Reads the requests in a ledger while a daemon uses it.</summary>
internal sealed class LedgerRows(string path)
{
    private const string FromRequests = "FROM requests JOIN accounts ON account = accounts.id";

    /// <summary>The requests after one, in their order.</summary>
    public IReadOnlyList<LedgerRow> ReadAfter(long id) => Query(
        $"SELECT requests.id, model, outcome, status, prompt, generated {FromRequests} WHERE requests.id > {id.ToString(CultureInfo.InvariantCulture)} ORDER BY 1",
        static row => new LedgerRow(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5)));

    /// <summary>The series that the page must have if each request is counted once.</summary>
    public Dictionary<string, double> Sum()
    {
        var series = new Dictionary<string, double>(StringComparer.Ordinal);
        Add($"""
            SELECT '{TotalsWatch.Requests}', backend, model, mode, 'outcome="' || outcome || '",status_class="' || status || '"', count(*)
            {FromRequests} GROUP BY account, outcome, status
            """);
        foreach (string type in (string[])["prompt", "cached", "generated"])
        {
            Add($"""
                SELECT '{TotalsWatch.Tokens}', backend, model, mode, 'type="{type}"', sum({type})
                {FromRequests} WHERE has_response = 1 AND outcome <> 'lost' GROUP BY account
                """);
            Add($"""
                SELECT '{TotalsWatch.Unconfirmed}', backend, model, mode, 'type="{type}"', sum({type})
                {FromRequests} WHERE outcome = 'lost' GROUP BY account
                """);
        }

        Add($"SELECT 'model_runner_request_duration_seconds_count', backend, model, mode, '', count(*) {FromRequests} WHERE model <> '' AND outcome <> 'lost' GROUP BY account");
        Add($"SELECT 'model_runner_queue_wait_seconds_count', backend, model, mode, '', count(queue_wait) {FromRequests} WHERE outcome <> 'lost' GROUP BY account");
        Add($"SELECT 'model_runner_load_wait_seconds_count', backend, model, mode, '', count(*) {FromRequests} WHERE load_wait > 0 AND outcome <> 'lost' GROUP BY account");
        return series;

        void Add(string query)
        {
            foreach ((string name, double value) in Query(query, NameOf))
                if (value > 0)
                    series.Add(name, value);
        }
    }

    private static (string, double) NameOf(SqliteDataReader row)
    {
        string model = row.GetString(2).Length == 0
            ? "" : $"backend=\"{row.GetString(1)}\",model=\"{row.GetString(2)}\",mode=\"{row.GetString(3)}\"";
        string labels = string.Join(',', new[] { model, row.GetString(4) }.Where(static part => part.Length > 0));
        return ($"{row.GetString(0)}{{{labels}}}", row.GetInt64(5));
    }

    private List<T> Query<T>(string text, Func<SqliteDataReader, T> read)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        using SqliteDataReader row = command.ExecuteReader();
        var rows = new List<T>();
        while (row.Read())
            rows.Add(read(row));
        return rows;
    }
}
