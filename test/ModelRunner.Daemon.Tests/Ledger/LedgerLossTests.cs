using Microsoft.Data.Sqlite;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Linux.Files;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>Ledgers whose files were changed or removed by others.</summary>
public sealed class LedgerLossTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("cut")]
    [InlineData("random")]
    [InlineData("removed")]
    public async Task A_damaged_write_ahead_log_is_reported_and_counted(string damage)
    {
        await MakeKilledAsync();
        string log = _fixture.FilePath + "-wal";
        byte[] bytes = await File.ReadAllBytesAsync(log, TestContext.Current.CancellationToken);
        Assert.InRange(bytes.Length, 3 * 4096, 1 << 22);
        if (damage == "removed")
            File.Delete(log);
        else if (damage == "cut")
            await File.WriteAllBytesAsync(log, bytes[..(32 + 4120)], TestContext.Current.CancellationToken);
        else
            await File.WriteAllBytesAsync(log, bytes.Select(static (_, i) => (byte)(i * 31)).ToArray(), TestContext.Current.CancellationToken);

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));

        Assert.Equal((true, 1), (ledger.Status!.IsUp, ledger.Status.Errors));
        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("its write-ahead log was cut or damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_that_is_whole_is_not_reported()
    {
        await MakeKilledAsync();

        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = _fixture.Open(accounts);

        Assert.Equal(0, ledger.Status!.Errors);
        Assert.Equal(5, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful));
        Assert.Empty(_fixture.Log.Lines);
    }

    [Fact]
    public void An_empty_database_is_reported_and_counted()
    {
        Directory.CreateDirectory(_fixture.StatePath);
        File.WriteAllBytes(_fixture.FilePath, []);

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));

        Assert.Equal((true, 1), (ledger.Status!.IsUp, ledger.Status.Errors));
        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("its file was empty", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    [InlineData("-shm")]
    [InlineData("-journal")]
    [InlineData(".lock")]
    public async Task A_pipe_in_the_place_of_a_file_does_not_stop_the_start(string suffix)
    {
        Directory.CreateDirectory(_fixture.StatePath);
        string path = _fixture.FilePath + suffix;
        using (var make = System.Diagnostics.Process.Start("mkfifo", [path]))
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(FileKind.Other, FileStatus.Of(path).Kind);

        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = await Task.Run(() => _fixture.Open(accounts), TestContext.Current.CancellationToken)
            .WaitAsync(DaemonFixture.Patience, TestContext.Current.CancellationToken);
        Assert.False(ledger.Status!.IsUp);
        Assert.Contains(_fixture.Log.Lines, line => line.Contains($"ledger.db{suffix} is not a regular file", StringComparison.Ordinal));

        File.Delete(path);
        await _fixture.CountAsync(ledger);
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(ledger.Status!.IsUp);
            },
            DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_reader_that_does_not_end_makes_the_log_grow_only_to_its_limit_and_nothing_is_lost()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            using (SqliteConnection reader = _fixture.Connect())
            {
                using SqliteCommand command = reader.CreateCommand();
                command.CommandText = "BEGIN; SELECT count(*) FROM requests";
                command.ExecuteScalar();
                for (int i = 0; ledger.Status!.IsUp && i < 50_000; i++)
                    await _fixture.CountAsync(ledger);
                Assert.False(ledger.Status!.IsUp);
                await _fixture.CountAsync(ledger);
                Assert.InRange(new FileInfo(_fixture.FilePath + "-wal").Length, 60_000_000, 80_000_000);
                Assert.Contains(_fixture.Log.Lines, static line => line.Contains("another process has been reading it", StringComparison.Ordinal));
            }

            await DaemonFixture.WaitUntilAsync(
                () =>
                {
                    _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(ledger.Status!.IsUp);
                },
                DaemonFixture.Patience);
            Assert.InRange(new FileInfo(_fixture.FilePath + "-wal").Length, 0, 8_000_000);
        }

        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public void A_second_ledger_is_refused_although_the_lock_file_was_removed()
    {
        using RequestLedger first = _fixture.Open(new RequestAccounts(_fixture.Time));
        File.Delete(_fixture.FilePath + ".lock");

        var failure = Assert.Throws<LedgerException>(_fixture.Reopen);

        Assert.Contains($"another process uses the state folder {_fixture.StatePath}", failure.Message, StringComparison.Ordinal);
    }

    // As a daemon leaves it that was killed: the copies of its files are of a time at which it ran.
    private async Task MakeKilledAsync()
    {
        using (RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time)))
        {
            for (int i = 0; i < 5; i++)
                await _fixture.CountAsync(ledger);
            foreach (string suffix in (string[])["", "-wal", "-shm"])
                File.Copy(_fixture.FilePath + suffix, _fixture.FilePath + suffix + ".copy");
        }

        foreach (string suffix in (string[])["", "-wal", "-shm"])
            File.Move(_fixture.FilePath + suffix + ".copy", _fixture.FilePath + suffix, overwrite: true);
    }
}
