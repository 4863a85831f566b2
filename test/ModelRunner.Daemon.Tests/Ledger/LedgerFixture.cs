using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Scheduling;
using ModelRunner.Telemetry;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>A state folder, and ledgers in it.</summary>
internal sealed class LedgerFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 10, 30, 0, TimeSpan.Zero));

    public string StatePath => Path.Join(_folder.Path, "state");

    public string FilePath => Path.Join(StatePath, "ledger.db");

    /// <summary>What the ledgers have logged.</summary>
    public ListLogger<RequestLedger> Log { get; } = new();

    public RequestLedger Open(RequestAccounts accounts, LedgerSettings? settings = null, RunnerAccounts? runners = null) => new(
        accounts, (settings ?? new LedgerSettings()) with { StatePath = StatePath }, Time, Log, runners);

    /// <summary>The totals that a new daemon would begin with.</summary>
    public RequestAccounts Reopen()
    {
        var accounts = new RequestAccounts(Time);
        Open(accounts).Dispose();
        return accounts;
    }

    /// <summary>The totals of runners that a new daemon would begin with.</summary>
    public RunnerAccounts ReopenRunners()
    {
        var runners = new RunnerAccounts(maxModels: 10);
        Open(new RequestAccounts(Time), runners: runners).Dispose();
        return runners;
    }

    /// <summary>Sends one request of a second, with 3 prompt, 4 cached and 5 generated tokens, through a ledger.</summary>
    public async Task CountAsync(RequestLedger ledger, string model = "a")
    {
        RequestRecord record = Begin(ledger, model);
        Time.Advance(TimeSpan.FromSeconds(1));
        record.Outcome = RequestOutcome.Completed;
        await ledger.LeaveAsync(record);
    }

    public static RequestRecord Begin(RequestLedger ledger, string model = "a", string keyName = "none")
    {
        RequestRecord record = ledger.Begin(keyName);
        ledger.Assign(record, new RunnerKey("llama.cpp", model, RunnerMode.Completion));
        record.SetStatus(200);
        record.HasResponse = true;
        record.BeginResponse(ResponseFormat.Json);
        record.Read("""{"timings":{"prompt_n":3,"cache_n":4,"predicted_n":5}}"""u8);
        record.EndResponse();
        return record;
    }

    /// <summary>The tokens of all accounts by key, as text.</summary>
    public static string DescribeKeys(RequestAccounts accounts)
    {
        var text = new StringBuilder();
        foreach (ModelAccount account in accounts.Table.Models.Concat(accounts.Table.Others))
            foreach (string name in account.Keys.Names)
                foreach (TokenType type in Enum.GetValues<TokenType>())
                    if (account.Keys.Tokens(name, type) is > 0 and var count)
                        text.AppendLine(CultureInfo.InvariantCulture, $"{account.Key?.Model} {name} {type} {count} since {account.Keys.BeganAt(name, type)}");
        return text.ToString();
    }

    /// <summary>Begins a request whose response is a stream.</summary>
    public static RequestRecord BeginStream(RequestLedger ledger)
    {
        RequestRecord record = ledger.Begin();
        ledger.Assign(record, new RunnerKey("llama.cpp", "a", RunnerMode.Completion));
        record.BeginWait();
        record.EndWait();
        record.SetStatus(200);
        record.HasResponse = true;
        record.BeginResponse(ResponseFormat.Events);
        record.Read("data: {\"choices\":[{\"text\":\"a\"}],\"timings\":{\"prompt_n\":3,\"predicted_n\":5,\"draft_n\":2}}\n\n"u8);
        return record;
    }

    /// <summary>All numbers of all accounts, and when they began, as text.</summary>
    public static string Describe(RequestAccounts accounts)
    {
        var text = new StringBuilder();
        foreach (ModelAccount account in accounts.Table.Models.Concat(accounts.Table.Others).Append(accounts.Table.Unknown))
        {
            text.AppendLine(account.Key?.ToString() ?? "none");
            foreach (TotalSeries<ModelAccount> series in AccountSeries.All)
                if (series.Read(account) is not 0 and var value)
                    text.Append(series.Name).Append(' ').Append(value).AppendLine();
            foreach (TotalSeries<ModelAccount> series in AccountSeries.All)
                if (series.Read(account) != 0)
                    text.Append("began ").Append(series.Name).Append(' ').Append(series.BeganAt(account)).AppendLine();
        }

        return text.ToString();
    }

    /// <inheritdoc cref="Describe(RequestAccounts)"/>
    public static string Describe(RunnerAccounts accounts)
    {
        var text = new StringBuilder();
        foreach (RunnerAccount account in accounts.Table.Models)
        {
            text.AppendLine(account.Key!.Value.ToString());
            foreach (TotalSeries<RunnerAccount> series in RunnerSeries.All)
                if (series.Read(account) is not 0 and var value)
                    text.Append(series.Name).Append(' ').Append(value).AppendLine();
            foreach (TotalSeries<RunnerAccount> series in RunnerSeries.All)
                if (series.Read(account) != 0)
                    text.Append("began ").Append(series.Name).Append(' ').Append(series.BeganAt(account)).AppendLine();
        }

        return text.ToString();
    }

    /// <summary>Runs SQL on the database and returns the first value.</summary>
    public object? Execute(string text)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }

    /// <summary>Whether the file exists and has its tables: a file that is made again has none at first.</summary>
    public bool HasTables => File.Exists(FilePath) && Execute("SELECT count(*) FROM sqlite_schema WHERE name = 'totals'") is 1L;

    /// <summary>Another connection to the database.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        return connection;
    }

    public void Dispose() => _folder.Dispose();
}
