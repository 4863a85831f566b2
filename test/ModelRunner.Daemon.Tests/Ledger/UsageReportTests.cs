using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;

namespace ModelRunner.Daemon.Tests.Ledger;

public sealed class UsageReportTests : IDisposable
{
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
            ["2026-03-01T10:00:00Z", "2026-03-02T11:00:00Z"], (await ReadAsync(ledger, UsageGroup.Hour)).Select(static row => row.Name));
    }

    [Fact]
    public async Task A_report_begins_with_an_hour()
    {
        using RequestLedger ledger = await CountAsync();

        long hour = LedgerSums.HourOf(_fixture.Time.GetUtcNow());

        Assert.Equal(["", "a"], (await ReadAsync(ledger, UsageGroup.Model, hour)).Select(static row => row.Name));
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

    private static Task<IReadOnlyList<UsageRow>> ReadAsync(RequestLedger ledger, UsageGroup group, long? since = null) =>
        ledger.ReadAsync(database => UsageReport.Read(database, group, since), Cancellation);
}
