using Microsoft.Data.Sqlite;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

public sealed class UsageReportTests : IDisposable
{
    private static readonly Func<UsageRow, string> NameOf = static row => row.Name;
    private static readonly Func<UsageRow, (string Name, int Requests, int Generated)> NameRequestsAndGenerated =
        static row => (row.Name, (int)row.Requests, (int)row.Generated);

    private readonly LedgerFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Rows_are_sums_by_model_mode_day_and_hour()
    {
        using RequestLedger ledger = await CountAsync();

        Assert.Equal(
            [
                new UsageRow("", "", 1, 0, 0, 0, 0, 0, TimeSpan.Zero),
                new UsageRow("llama.cpp", "a", 2, 2, 6, 8, 10, 0, TimeSpan.FromSeconds(2)),
                new UsageRow("llama.cpp", "b", 1, 1, 3, 4, 5, 0, TimeSpan.FromSeconds(1)),
            ],
            await ReadAsync(ledger, UsageGroup.Model));
        Assert.Equal([("", 1), ("completion", 3)], (await ReadAsync(ledger, UsageGroup.Mode)).Select(static row => (row.Name, (int)row.Requests)));
        Assert.Equal(
            [("2026-03-01", 10), ("2026-03-02", 5)], (await ReadAsync(ledger, UsageGroup.Day)).Select(static row => (row.Name, (int)row.Generated)));
        Assert.Equal(
            ["2026-03-01T10:00:00Z", "2026-03-02T11:00:00Z"], (await ReadAsync(ledger, UsageGroup.Hour)).Select(NameOf));
    }

    [Fact]
    public async Task A_report_begins_with_an_hour()
    {
        using RequestLedger ledger = await CountAsync();

        long hour = LedgerSums.HourOf(_fixture.Time.GetUtcNow());

        Assert.Equal(["", "a"], (await ReadAsync(ledger, UsageGroup.Model, hour)).Select(NameOf));
        Assert.Empty(await ReadAsync(ledger, UsageGroup.Model, hour + 1));
    }

    [Fact]
    public async Task Lost_tokens_are_unconfirmed()
    {
        using (RequestLedger first = _fixture.Open(new RequestAccounts(_fixture.Time)))
        {
            RequestRecord record = LedgerFixture.Begin(first);
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            record.Read(" "u8);
        }

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        UsageRow expected = new("llama.cpp", "a", 1, 0, 0, 0, 0, 12, TimeSpan.Zero);

        Assert.Equal([expected], await ReadAsync(ledger, UsageGroup.Model));
        Assert.Equal([expected], await ReadAsync(ledger, UsageGroup.Model, 0));
    }

    /// <summary>A lock of another process: the report has the stored sums and those in memory, and says which are not stored.</summary>
    [Fact]
    public async Task A_ledger_that_cannot_be_written_is_read_with_what_is_only_in_memory()
    {
        using RequestLedger ledger = await CountAsync();
        IReadOnlyList<UsageRow> before = await ReadAsync(ledger, UsageGroup.Model);
        using (SqliteConnection other = _fixture.Connect())
        {
            using SqliteCommand command = other.CreateCommand();
            command.CommandText = "BEGIN EXCLUSIVE";
            command.ExecuteNonQuery();
            Task counting = Task.WhenAll(_fixture.CountAsync(ledger, "b"), _fixture.CountAsync(ledger, "c"));
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!ledger.Status!.IsUp), DaemonFixture.Patience);
            await counting;

            LedgerReading<IReadOnlyList<UsageRow>> report = await ReadAllAsync(ledger, UsageGroup.Model);
            IReadOnlyDictionary<string, DateTimeOffset> used = await LastUse.ReadAsync(ledger, Cancellation);

            Assert.Equal(before, report.Stored);
            Assert.Contains("locked", report.Unstored!.Cause, StringComparison.Ordinal);
            Assert.Equal([("b", 1, 5), ("c", 1, 5)], report.Unstored.Value.Select(NameRequestsAndGenerated));
            Assert.Equal(
                [("", 1, 0), ("a", 2, 10), ("b", 2, 10), ("c", 1, 5)],
                UsageReport.Add(report.Stored, report.Unstored.Value).Select(NameRequestsAndGenerated));
            Assert.Equal(["a", "b", "c"], used.Keys.Where(static name => name.Length > 0).Order(StringComparer.Ordinal));
            Assert.True(used["b"] > used["a"] - TimeSpan.FromHours(1));
        }

        LedgerReading<IReadOnlyList<UsageRow>> after = await ReadAllAsync(ledger, UsageGroup.Model);
        Assert.Null(after.Unstored);
        Assert.Equal([1, 2, 2, 1], after.Stored.Select(static row => (int)row.Requests));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_read_is_reported_with_the_cause_and_what_to_do()
    {
        using RequestLedger ledger = await CountAsync();
        foreach (string file in Directory.GetFiles(_fixture.StatePath, "ledger.db*"))
            File.Delete(file);
        Directory.CreateDirectory(_fixture.FilePath);

        IOException failure = await Assert.ThrowsAsync<IOException>(() => ReadAsync(ledger, UsageGroup.Model));

        Assert.StartsWith("the ledger cannot be read: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith($"make its file {_fixture.FilePath} readable, or move it away, and a new one begins", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The thread of the ledger hangs. The first report waits to the limit, and the next ones do not wait.</summary>
    [Fact]
    public async Task Reports_of_a_ledger_that_hangs_are_refused_at_once_and_are_not_read_later()
    {
        using var gate = new ManualResetEventSlim();
        var accounts = new RequestAccounts(_fixture.Time);
        using var ledger = new RequestLedger(accounts, new LedgerSettings(), _fixture.Time, _fixture.Log);
        var hangs = new TaskCompletionSource();
        int late = 0;
        Task<LedgerReading<int>> first = HangAsync(ledger, hangs, gate, Cancellation);
        try
        {
            await hangs.Task.WaitAsync(DaemonFixture.Patience, Cancellation);
            _fixture.Time.Advance(TimeSpan.FromSeconds(5));
            await Assert.ThrowsAsync<IOException>(() => first);

            for (int i = 0; i < 3; i++)
            {
                IOException failure = await Assert.ThrowsAsync<IOException>(
                    () => ledger.ReadAsync(_ => Interlocked.Increment(ref late), Cancellation).WaitAsync(DaemonFixture.Patience, Cancellation));
                Assert.Equal("the ledger has not responded for 5 s; try again later", failure.Message);
            }
        }
        finally
        {
            gate.Set();
        }

        await WaitUntilReadAsync(ledger);
        Assert.Equal(0, late);
    }

    /// <summary>A report that was not begun within the limit leaves nothing behind.</summary>
    [Fact]
    public async Task A_report_that_came_too_late_is_not_read()
    {
        using var gate = new ManualResetEventSlim();
        using var ledger = new RequestLedger(new RequestAccounts(_fixture.Time), new LedgerSettings(), _fixture.Time, _fixture.Log);
        var hangs = new TaskCompletionSource();
        int late = 0;
        using var leaving = new CancellationTokenSource();
        Task<LedgerReading<int>> left = HangAsync(ledger, hangs, gate, leaving.Token);
        await hangs.Task.WaitAsync(DaemonFixture.Patience, Cancellation);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Task<LedgerReading<int>> second = ledger.ReadAsync(_ => Interlocked.Increment(ref late), Cancellation);
        try
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(5));
            await Assert.ThrowsAsync<IOException>(() => second);
        }
        finally
        {
            gate.Set();
        }

        await WaitUntilReadAsync(ledger);
        Assert.Equal(0, late);
    }

    // A report during which the thread of the ledger waits for the gate.
    private static Task<LedgerReading<int>> HangAsync(RequestLedger ledger, TaskCompletionSource hangs, ManualResetEventSlim gate, CancellationToken leaving) =>
        ledger.ReadAsync(
            _ =>
            {
                hangs.SetResult();
                gate.Wait(Cancellation);
                return 0;
            },
            leaving);

    private static Task WaitUntilReadAsync(RequestLedger ledger) => DaemonFixture.WaitUntilAsync(
        async () =>
        {
            try
            {
                return (await ledger.ReadAsync(static _ => 7, Cancellation)).Stored == 7;
            }
            catch (IOException)
            {
                // The thread has not gone on yet.
                return false;
            }
        },
        DaemonFixture.Patience);

    // Two requests on one day, and one and an invalid one on the next.
    private async Task<RequestLedger> CountAsync()
    {
        RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger, "a");
        await _fixture.CountAsync(ledger, "b");
        _fixture.Time.Advance(TimeSpan.FromHours(25));
        await _fixture.CountAsync(ledger, "a");
        RequestRecord unknown = ledger.Begin();
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        unknown.Outcome = RequestOutcome.Invalid;
        await ledger.LeaveAsync(unknown);
        return ledger;
    }

    private static async Task<IReadOnlyList<UsageRow>> ReadAsync(RequestLedger ledger, UsageGroup group, long? since = null) =>
        (await ReadAllAsync(ledger, group, since)).Stored;

    private static Task<LedgerReading<IReadOnlyList<UsageRow>>> ReadAllAsync(RequestLedger ledger, UsageGroup group, long? since = null) =>
        ledger.ReadAsync(database => UsageReport.Read(database, group, since), Cancellation);
}
