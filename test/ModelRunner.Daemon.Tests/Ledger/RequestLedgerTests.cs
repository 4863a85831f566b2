using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

public sealed class RequestLedgerTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task All_totals_continue_after_a_restart()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await _fixture.CountAsync(ledger, "a");
            await _fixture.CountAsync(ledger, "b");
            RequestRecord unknown = ledger.Begin();
            (unknown.Outcome, unknown.Status) = (RequestOutcome.Invalid, StatusClass.ClientError);
            await ledger.LeaveAsync(unknown);
        }

        RequestAccounts next = _fixture.Reopen();

        Assert.Contains("requests/completed/2xx 1\n", LedgerFixture.Describe(next), StringComparison.Ordinal);
        Assert.Contains("none\nrequests/invalid/4xx 1\n", LedgerFixture.Describe(next), StringComparison.Ordinal);
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(next));
        using (RequestLedger ledger = _fixture.Open(next))
            await _fixture.CountAsync(ledger, "a");
        Assert.Contains("requests/completed/2xx 2\n", LedgerFixture.Describe(_fixture.Reopen()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_counted_request_is_in_the_database()
    {
        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        for (int i = 1; i <= 20; i++)
        {
            await _fixture.CountAsync(ledger);
            Assert.Equal(5L * i, _fixture.Execute("SELECT sum(generated) FROM requests"));
        }

        Assert.Equal(20L, _fixture.Execute("SELECT count(*) FROM requests WHERE outcome = 'completed' AND duration = 10000000"));
        Assert.Equal(new LedgerStatus(true, 0, ledger.Status!.Bytes, ""), ledger.Status);
        Assert.InRange(ledger.Status.Bytes, 4096, 1 << 20);
    }

    [Fact]
    public async Task Rows_that_are_not_in_the_totals_are_added_at_the_next_start()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            for (int i = 0; i < 3; i++)
                await _fixture.CountAsync(ledger);
            RequestRecord stream = LedgerFixture.BeginStream(ledger);
            _fixture.Time.Advance(TimeSpan.FromSeconds(2));
            await ledger.LeaveAsync(Complete(stream));
            RequestRecord loading = LedgerFixture.Begin(ledger);
            loading.BeginWait();
            _fixture.Time.Advance(TimeSpan.FromSeconds(2));
            long loadedFrom = _fixture.Time.GetTimestamp();
            _fixture.Time.Advance(TimeSpan.FromSeconds(3));
            loading.EndWait(loadedFrom);
            await ledger.LeaveAsync(Complete(loading));
        }

        Assert.Equal("0/0|50000000/30000000", _fixture.Execute("SELECT group_concat(queue_wait || '/' || load_wait, '|') FROM requests"));

        // As a daemon leaves it that was killed before the totals were written.
        _fixture.Execute("DELETE FROM totals; DELETE FROM hours; UPDATE summed SET request = 0");
        RequestAccounts next = _fixture.Reopen();

        Assert.Contains("output_token/sum ", LedgerFixture.Describe(next), StringComparison.Ordinal);
        Assert.Contains("load_wait/sum 30000000\n", LedgerFixture.Describe(next), StringComparison.Ordinal);
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(next));
        Assert.Equal(5L, _fixture.Execute("SELECT sum(requests) FROM hours"));
        Assert.Equal(5L, _fixture.Execute("SELECT request FROM summed"));
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task Concurrent_requests_are_stored_exactly()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
                async () =>
                {
                    for (int i = 0; i < 200; i++)
                        await ledger.LeaveAsync(Complete(LedgerFixture.Begin(ledger, $"model{(worker + i) % 3}")));
                },
                Cancellation)));
        }

        Assert.Equal(1600L, _fixture.Execute("SELECT count(*) FROM requests"));
        Assert.Equal(8000L, _fixture.Execute("SELECT sum(value) FROM totals WHERE series = 'tokens/generated'"));
        Assert.Equal(8000, accounts.Table.Models.Sum(static account => account.Tokens(TokenType.Generated)));
        Assert.All(accounts.Table.Models, static account => Assert.Equal(0, account.InFlight));
    }

    [Fact]
    public async Task A_request_is_counted_once()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = _fixture.Open(accounts);
        RequestRecord record = Complete(LedgerFixture.Begin(ledger));
        await ledger.EndAsync(record);
        record.Outcome = RequestOutcome.ClientClosed;
        await ledger.EndAsync(record);
        await ledger.LeaveAsync(record);

        Assert.Equal(1L, _fixture.Execute("SELECT count(*) FROM requests"));
        Assert.Equal(1, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
    }

    [Fact]
    public async Task Responses_do_not_wait_for_a_locked_database_and_nothing_is_lost()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await _fixture.CountAsync(ledger);
            using (SqliteConnection other = _fixture.Connect())
            {
                using SqliteCommand command = other.CreateCommand();
                command.CommandText = "BEGIN EXCLUSIVE";
                command.ExecuteNonQuery();
                Task first = _fixture.CountAsync(ledger);
                await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!ledger.Status!.IsUp), DaemonFixture.Patience);
                await first;
                for (int i = 0; i < 50; i++)
                    await _fixture.CountAsync(ledger).WaitAsync(DaemonFixture.Patience, Cancellation);

                Assert.Equal(52, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
                Assert.InRange(ledger.Status!.Errors, 1, 1000);
            }

            await DaemonFixture.WaitUntilAsync(
                () =>
                {
                    _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(ledger.Status!.IsUp && _fixture.Execute("SELECT count(*) FROM requests") is 52L);
                },
                DaemonFixture.Patience);
        }

        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task A_request_that_had_not_ended_is_lost_and_its_tokens_are_unconfirmed()
    {
        using (RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time)))
        {
            RequestRecord record = LedgerFixture.Begin(ledger);
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            record.Read(" "u8);
            await AdvanceUntilStoredAsync();
        }

        RequestAccounts next = _fixture.Reopen();

        ModelAccount account = Assert.Single(next.Table.Models);
        Assert.Equal(1, account.Requests(RequestOutcome.Lost, StatusClass.None));
        Assert.Equal(0, account.Tokens(TokenType.Generated));
        Assert.Equal((3, 4), (account.UnconfirmedTokens(TokenType.Prompt), account.UnconfirmedTokens(TokenType.Cached)));
        Assert.Equal(0L, _fixture.Execute("SELECT count(*) FROM open_requests"));
        Assert.Equal(LedgerFixture.Describe(next), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task A_request_that_ended_is_not_open_any_more()
    {
        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        RequestRecord record = LedgerFixture.Begin(ledger);
        await AdvanceUntilStoredAsync();

        await ledger.EndAsync(Complete(record));

        Assert.Equal(0L, _fixture.Execute("SELECT count(*) FROM open_requests"));
        await ledger.LeaveAsync(record);
    }

    [Fact]
    public async Task A_request_that_ended_while_the_database_was_locked_is_not_lost()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            RequestRecord record = LedgerFixture.Begin(ledger);
            await AdvanceUntilStoredAsync();
            using (SqliteConnection other = _fixture.Connect())
            {
                using SqliteCommand command = other.CreateCommand();
                command.CommandText = "BEGIN EXCLUSIVE";
                command.ExecuteNonQuery();
                Task ending = ledger.LeaveAsync(Complete(record)).AsTask();
                await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!ledger.Status!.IsUp), DaemonFixture.Patience);
                await ending;
            }
        }

        RequestAccounts next = _fixture.Reopen();

        Assert.Equal(1, Assert.Single(next.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(next));
    }

    [Fact]
    public async Task A_database_that_is_locked_at_the_start_shows_its_totals_and_lost_requests()
    {
        using (RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time)))
        {
            await _fixture.CountAsync(ledger);
            LedgerFixture.Begin(ledger);
            await AdvanceUntilStoredAsync();
        }

        var next = new RequestAccounts(_fixture.Time);
        using (SqliteConnection other = _fixture.Connect())
        {
            using SqliteCommand command = other.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            using RequestLedger ledger = _fixture.Open(next);

            ModelAccount account = Assert.Single(next.Table.Models);
            Assert.Equal(1, account.Requests(RequestOutcome.Completed, StatusClass.Successful));
            Assert.Equal(1, account.Requests(RequestOutcome.Lost, StatusClass.None));
            command.CommandText = "ROLLBACK";
            command.ExecuteNonQuery();
        }

        Assert.Equal(LedgerFixture.Describe(next), LedgerFixture.Describe(_fixture.Reopen()));
        Assert.Equal(LedgerFixture.Describe(next), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task What_a_server_sends_after_the_last_event_does_not_open_the_request_again()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = _fixture.Open(accounts);
        RequestRecord record = LedgerFixture.BeginStream(ledger);
        await ledger.EndAsync(Complete(record));
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));

        record.Read(": comment\n"u8);

        Assert.Empty(accounts.Open);
        await ledger.LeaveAsync(record);
    }

    [Fact]
    public void A_second_ledger_in_the_same_folder_is_refused()
    {
        using RequestLedger first = _fixture.Open(new RequestAccounts(_fixture.Time));

        var failure = Assert.Throws<LedgerException>(_fixture.Reopen);

        Assert.Contains($"process {Environment.ProcessId} uses the state folder {_fixture.StatePath}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--state-path", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_owner_can_read_the_ledger()
    {
        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_fixture.StatePath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_fixture.FilePath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_fixture.FilePath + "-wal"));
    }

    [Fact]
    public async Task Old_requests_are_removed_and_their_totals_stay()
    {
        var settings = new LedgerSettings { MaxAge = TimeSpan.FromHours(1) };
        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = _fixture.Open(accounts, settings);
        for (int i = 0; i < 3; i++)
            await _fixture.CountAsync(ledger);
        _fixture.Time.Advance(TimeSpan.FromHours(2));
        await _fixture.CountAsync(ledger);

        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(_fixture.Execute("SELECT (SELECT count(*) FROM requests) = 1 AND (SELECT request FROM summed) = 4") is 1L);
            },
            DaemonFixture.Patience);

        Assert.Equal(4L, _fixture.Execute("SELECT sum(requests) FROM hours"));
        Assert.Equal(4, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
    }

    [Fact]
    public async Task Requests_with_a_time_in_the_future_do_not_prevent_the_removal_of_old_ones()
    {
        _fixture.Reopen();
        FillWithOldRequests(count: 3000, future: 1500);

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger);

        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(_fixture.Execute("SELECT count(*) FROM requests") is 1L), DaemonFixture.Patience);
    }

    [Fact]
    public async Task Many_old_requests_are_removed_without_waiting_for_the_clock()
    {
        _fixture.Reopen();
        FillWithOldRequests(count: 50_000, future: 0);
        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger);

        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(_fixture.Execute("SELECT count(*) FROM requests") is 1L), DaemonFixture.Patience);
    }

    [Fact]
    public async Task Without_a_folder_everything_works_in_memory()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using var ledger = new RequestLedger(
            accounts, new LedgerSettings(), _fixture.Time, NullLogger<RequestLedger>.Instance);
        await _fixture.CountAsync(ledger);

        Assert.Null(ledger.Status);
        Assert.Equal(1, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
        Assert.False(Directory.Exists(_fixture.StatePath));
    }

    // Requests of 1970. The first ones have a time of the year 2100.
    private void FillWithOldRequests(int count, int future) => _fixture.Execute($"""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO requests SELECT i, CASE WHEN i <= {future} THEN 4102444800000 ELSE 1 END, 1, 'completed', '2xx', 1, 'none', 'none', 0, 0, 0, 0, 0, 0, 0,
            NULL, NULL, NULL, NULL, NULL, 0 FROM n;
        INSERT INTO accounts VALUES(1, 'llama.cpp', 'old', 'completion', 'none', 0, 0); UPDATE summed SET request = {count}
        """);

    private static RequestRecord Complete(RequestRecord record)
    {
        record.Outcome = RequestOutcome.Completed;
        return record;
    }

    private Task AdvanceUntilStoredAsync() => DaemonFixture.WaitUntilAsync(
        () =>
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(_fixture.Execute("SELECT count(*) FROM open_requests") is 1L);
        },
        DaemonFixture.Patience);
}
