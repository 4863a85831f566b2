using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>A ledger whose file is damaged, gone or not its own.</summary>
public sealed class LedgerFileTests : IDisposable
{
    private readonly LedgerFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    /// <summary>SQLite gets these paths as addresses, in which a percent sign, a question mark and others have a meaning.</summary>
    [Theory]
    [InlineData("a%41b")]
    [InlineData("a b?c#d")]
    [InlineData("größe")]
    public void A_database_with_any_path_can_be_opened_for_reading(string folder)
    {
        string path = Path.Join(_fixture.StatePath, folder, "ledger.db");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        LedgerDatabase.Open(path).Dispose();
        string[] before = Directory.GetFileSystemEntries(_fixture.StatePath);

        LedgerDatabase.OpenReadOnly(path, hasLog: false, hasIndex: false).Dispose();
        LedgerDatabase.OpenReadOnly(path, hasLog: true, hasIndex: false).Dispose();

        Assert.Equal(before, Directory.GetFileSystemEntries(_fixture.StatePath));
    }

    [Fact]
    public async Task A_damaged_database_is_set_aside_at_the_start()
    {
        Directory.CreateDirectory(_fixture.StatePath);
        await File.WriteAllTextAsync(_fixture.FilePath, new string('x', 5000), Cancellation);

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger);

        Assert.Equal(1L, _fixture.Execute("SELECT count(*) FROM requests"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_fixture.FilePath));
        string damaged = Assert.Single(Directory.GetFiles(_fixture.StatePath, "ledger.db.damaged-*"));
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(damaged, Cancellation));
    }

    [Fact]
    public async Task A_database_that_is_damaged_later_is_replaced_and_the_totals_stay()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await _fixture.CountAsync(ledger, "a");
            await _fixture.CountAsync(ledger, "b");
            _fixture.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
            await using (FileStream file = new(_fixture.FilePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                await file.WriteAsync(Enumerable.Repeat((byte)0xEE, (int)file.Length).ToArray(), Cancellation);
            for (int i = 0; i < 10; i++)
                await _fixture.CountAsync(ledger, $"model{i}");
            await DaemonFixture.WaitUntilAsync(
                () =>
                {
                    _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(ledger.Status!.IsUp && Directory.GetFiles(_fixture.StatePath, "*.damaged-*").Length > 0);
                },
                DaemonFixture.Patience);
        }

        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Theory]
    [InlineData("requests")]
    [InlineData("accounts")]
    [InlineData("totals")]
    [InlineData("lives")]
    [InlineData("summed")]
    public async Task A_database_without_one_of_its_tables_is_replaced_and_the_totals_stay(string table)
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await _fixture.CountAsync(ledger, "a");
            await WaitUntilUpAsync(ledger, static () => true);
            _fixture.Execute($"DROP TABLE {table}");
            await _fixture.CountAsync(ledger, "b");
            var key = new RunnerKey("llama.cpp", "c", RunnerMode.Completion);
            ledger.Record(new RunnerChange(
                new RunnerLife(1, key, "llama-server", _fixture.Time.GetUtcNow()), new RunnerAccount(key), new RunnerAccount(key: null)));
            await WaitUntilUpAsync(ledger, () => Directory.GetFiles(_fixture.StatePath, "*.damaged-*").Length > 0);
        }

        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task A_database_without_one_of_its_tables_is_set_aside_at_the_start()
    {
        _fixture.Reopen();
        _fixture.Execute("DROP TABLE requests");

        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger);

        Assert.Equal(1L, _fixture.Execute("SELECT count(*) FROM requests"));
        Assert.Single(Directory.GetFiles(_fixture.StatePath, "ledger.db.damaged-*"));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_used_does_not_delay_the_end()
    {
        await File.WriteAllTextAsync(_fixture.StatePath, "not a folder", Cancellation);
        RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time));
        await _fixture.CountAsync(ledger);

        // The time stands still, so attempts that last for a time would never end.
        ledger.Dispose();

        Assert.Contains(_fixture.Log.Lines, static line => line.Contains("could not be written before the end", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_database_that_was_removed_or_replaced_is_made_again_with_all_totals(bool isReplaced)
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await _fixture.CountAsync(ledger, "a");
            File.Copy(_fixture.FilePath, _fixture.FilePath + ".copy");
            foreach (string file in Directory.GetFiles(_fixture.StatePath, "ledger.db*").Where(static file => !file.EndsWith(".lock", StringComparison.Ordinal)))
            {
                if (!file.EndsWith(".copy", StringComparison.Ordinal))
                    File.Delete(file);
            }

            if (isReplaced)
                File.Move(_fixture.FilePath + ".copy", _fixture.FilePath);
            await _fixture.CountAsync(ledger, "b");
            await DaemonFixture.WaitUntilAsync(
                () =>
                {
                    _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(_fixture.HasTables && _fixture.Execute("SELECT sum(value) FROM totals WHERE series = 'tokens/prompt'") is 6L);
                },
                DaemonFixture.Patience);
        }

        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public void A_ledger_of_a_newer_version_is_refused()
    {
        _fixture.Reopen();
        _fixture.Execute($"PRAGMA user_version = {LedgerSchema.Version + 1}");

        var failure = Assert.Throws<LedgerException>(_fixture.Reopen);

        Assert.Equal(
            $"the ledger {_fixture.FilePath} has version {LedgerSchema.Version + 1}, and this program knows version {LedgerSchema.Version}: run the "
            + "newer program again, or set another folder with statePath",
            failure.Message);
    }

    [Fact]
    public async Task A_ledger_of_version_1_is_updated_and_keeps_everything()
    {
        Directory.CreateDirectory(_fixture.StatePath);
        File.Copy(Path.Join(Repository.Root, "test", "ModelRunner.Daemon.Tests", "Ledger", "data", "version1.db"), _fixture.FilePath);
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            string[] described = LedgerFixture.Describe(accounts).Split('\n');
            Assert.Equal(["requests/completed/2xx 2", "requests/completed/2xx 1", "requests/invalid/4xx 1"],
                described.Where(static line => line.StartsWith("requests/", StringComparison.Ordinal)));
            Assert.Contains("tokens/generated 8", described);
            await _fixture.CountAsync(ledger);
        }

        Assert.Equal((long)LedgerSchema.Version, _fixture.Execute("PRAGMA user_version"));
        Assert.Equal("none", _fixture.Execute("SELECT group_concat(DISTINCT key_name) FROM accounts"));
        Assert.Equal(8, accounts.Table.Models.Single(static account => account.Key!.Value.Model == "tiny-chat:latest").Keys.Tokens("none", TokenType.Generated));

        // The old version did not store when a number began. It is not earlier than its account.
        const string Models = "SELECT group_concat(model) FROM totals JOIN accounts ON account = accounts.id WHERE series = 'tokens/generated'";
        Assert.Equal("tiny-chat:latest", _fixture.Execute($"{Models} AND began IS NULL"));
        Assert.Equal("a", _fixture.Execute($"{Models} AND began IS NOT NULL"));
        Assert.Contains(
            $"began tokens/generated {_fixture.Execute("SELECT created FROM accounts WHERE id = (SELECT account FROM totals WHERE series = 'tokens/generated' LIMIT 1)")}",
            LedgerFixture.Describe(accounts).Split('\n'));
        Assert.Equal(5L, _fixture.Execute("SELECT count(*) FROM requests WHERE load_wait IS NULL"));
        Assert.Equal(0L, _fixture.Execute("SELECT count(*) FROM lives"));
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public void A_new_ledger_has_the_tables_of_an_updated_one()
    {
        const string Tables = "SELECT group_concat(sql, '; ') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
        using var updated = new LedgerFixture();
        Directory.CreateDirectory(updated.StatePath);
        File.Copy(Path.Join(Repository.Root, "test", "ModelRunner.Daemon.Tests", "Ledger", "data", "version1.db"), updated.FilePath);
        updated.Reopen();
        _fixture.Reopen();

        Assert.Equal(updated.Execute(Tables), _fixture.Execute(Tables));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void The_database_of_another_program_is_refused_and_not_changed(int version)
    {
        Directory.CreateDirectory(_fixture.StatePath);
        _fixture.Execute($"CREATE TABLE mine(x); PRAGMA user_version = {version}");
        byte[] before = File.ReadAllBytes(_fixture.FilePath);

        Assert.Contains("another program", Assert.Throws<LedgerException>(_fixture.Reopen).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_fixture.FilePath));
    }

    private Task WaitUntilUpAsync(RequestLedger ledger, Func<bool> condition) => DaemonFixture.WaitUntilAsync(
        () =>
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(ledger.Status!.IsUp && condition());
        },
        DaemonFixture.Patience);
}
