using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>Accounts by key: they add up to those of the models, whatever happens.</summary>
public sealed class KeyLedgerTests : IDisposable
{
    private static readonly string[] Names = ["none", "default", "ada", "bob", "carol"];

    // One outcome, three types of tokens, and the sum of durations.
    private const int RowsOfKey = 5;

    private readonly LedgerFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task The_tokens_of_each_key_continue_after_a_restart()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await CompleteAsync(ledger, "a", "ada");
            await CompleteAsync(ledger, "a", "bob");
            await CompleteAsync(ledger, "b", "ada");
            await CompleteAsync(ledger, "a", "none");
        }

        RequestAccounts next = _fixture.Reopen();

        Assert.StartsWith("a ada Prompt 3 since", LedgerFixture.DescribeKeys(next), StringComparison.Ordinal);
        Assert.Equal(LedgerFixture.DescribeKeys(accounts), LedgerFixture.DescribeKeys(next));
        Assert.Equal("ada,bob,none", _fixture.Execute("SELECT group_concat(key_name) FROM (SELECT DISTINCT key_name FROM accounts ORDER BY key_name)"));
        AssertSums(next);
    }

    [Fact]
    public async Task Further_keys_of_a_model_add_few_rows_and_the_histograms_continue()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            for (int i = 0; i < 20; i++)
            {
                RequestRecord record = LedgerFixture.Begin(ledger, "a", $"k{i}");
                _fixture.Time.Advance(TimeSpan.FromSeconds(i + 1));
                record.Outcome = RequestOutcome.Completed;
                await ledger.LeaveAsync(record);
            }
        }

        Assert.Equal("duration,requests,tokens", _fixture.Execute(
            """
            SELECT group_concat(name) FROM (SELECT DISTINCT substr(series, 1, instr(series, '/') - 1) AS name
            FROM totals JOIN accounts ON account = accounts.id WHERE key_name LIKE 'k%' ORDER BY name)
            """));
        Assert.Equal(20L * RowsOfKey, _fixture.Execute("SELECT count(*) FROM totals JOIN accounts ON account = accounts.id WHERE key_name LIKE 'k%'"));
        Assert.Equal(LedgerFixture.Describe(accounts), LedgerFixture.Describe(_fixture.Reopen()));
    }

    [Fact]
    public async Task A_request_that_is_lost_is_lost_by_its_key()
    {
        using (RequestLedger first = _fixture.Open(new RequestAccounts(_fixture.Time)))
        {
            RequestRecord record = LedgerFixture.Begin(first, "a", "ada");
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
            record.Read(" "u8);
        }

        var accounts = new RequestAccounts(_fixture.Time);
        using RequestLedger ledger = _fixture.Open(accounts);

        Assert.Equal([("ada", 12, 0)], await ReadAsync(ledger));
        Assert.Empty(Assert.Single(accounts.Table.Models).Keys.Names);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_sum_over_keys_is_the_total_after_any_requests_and_restarts(int seed)
    {
        var random = new Random(seed);
        var expected = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int life = 0; life < 5; life++)
        {
            // Few models have an account of their own, so that others are hidden and come back.
            var accounts = new RequestAccounts(_fixture.Time, maxModels: 2);
            using RequestLedger ledger = _fixture.Open(accounts);
            for (int i = random.Next(60); i > 0; i--)
                await ActAsync(ledger, random, expected);
            AssertSums(accounts);
            IEnumerable<(string, long, long)> rows = await ReadAsync(ledger);
            Assert.Equal(
                expected.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, 0L, 12L * pair.Value)),
                rows.Where(static row => row.Item3 > 0));
            foreach ((string name, int count) in expected)
                Assert.Equal(5 * count, accounts.Table.Models.Concat(accounts.Table.Others).Sum(account => account.Keys.Tokens(name, TokenType.Generated)));
            if (life == 2)
                _fixture.Execute("DELETE FROM totals; DELETE FROM hours; UPDATE summed SET request = 0");
        }
    }

    [Fact]
    public async Task Requests_at_the_same_time_are_added_to_their_keys_exactly()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(
                async () =>
                {
                    for (int i = 0; i < 100; i++)
                        await CompleteAsync(ledger, $"model{i % 3}", Names[(worker + i) % Names.Length]);
                },
                Cancellation)));
        }

        foreach (RequestAccounts each in (RequestAccounts[])[accounts, _fixture.Reopen()])
        {
            AssertSums(each);
            foreach (string name in Names)
                Assert.Equal(800, each.Table.Models.Sum(account => account.Keys.Tokens(name, TokenType.Generated)));
        }
    }

    [Fact]
    public void Names_are_bounded_and_the_sum_stays()
    {
        var keys = new KeyTokens();
        for (int i = 0; i < 3000; i++)
            keys.Add($"k{i}", TokenType.Prompt, 1, beganAt: 1);

        Assert.Equal(KeyTokens.MaxNames + 1, keys.Names.Count());
        Assert.Equal(2000, keys.Tokens("other", TokenType.Prompt));
        Assert.Equal(3000, keys.Names.Sum(name => keys.Tokens(name, TokenType.Prompt)));
    }

    [Fact]
    public async Task A_request_without_a_row_is_in_the_totals_of_its_key()
    {
        var accounts = new RequestAccounts(_fixture.Time);
        using (RequestLedger ledger = _fixture.Open(accounts))
        {
            RequestRecord record = ledger.Begin("ada");
            (record.Outcome, record.Refusal) = (RequestOutcome.Refused, RefusalCodes.Scope);
            record.SetStatus(403);
            ledger.EndWithoutRow(record);
            await CompleteAsync(ledger, "a", "bob");
        }

        Assert.Equal(1L, _fixture.Execute("SELECT count(*) FROM requests"));
        RequestAccounts next = _fixture.Reopen();
        Assert.Equal(1, next.Table.Unknown.Refused(RefusalCodes.IndexOf(RefusalCodes.Scope)));
        Assert.Equal(1, next.Table.Unknown.Requests(RequestOutcome.Refused, StatusClass.ClientError));
    }

    private static async Task ActAsync(RequestLedger ledger, Random random, Dictionary<string, int> expected)
    {
        string name = Names[random.Next(Names.Length)];
        RequestRecord record = random.Next(8) == 0 ? ledger.Begin(name) : LedgerFixture.Begin(ledger, $"model{random.Next(4)}", name);
        record.Outcome = (RequestOutcome)random.Next((int)RequestOutcome.Lost);
        record.HasResponse &= random.Next(5) > 0;
        if (record is { HasResponse: true, Key: not null })
            expected[name] = expected.GetValueOrDefault(name) + 1;
        await ledger.LeaveAsync(record);
    }

    // For each model and type of tokens.
    private static void AssertSums(RequestAccounts accounts)
    {
        foreach (ModelAccount account in accounts.Table.Models.Concat(accounts.Table.Others))
            foreach (TokenType type in Enum.GetValues<TokenType>())
                Assert.Equal(account.Tokens(type), account.Keys.Names.Sum(name => account.Keys.Tokens(name, type)));
    }

    private static async Task<IReadOnlyList<(string Name, long Unconfirmed, long Tokens)>> ReadAsync(RequestLedger ledger)
    {
        IReadOnlyList<UsageRow> all = (await ledger.ReadAsync(static database => UsageReport.Read(database, UsageGroup.Key, sinceHour: null), Cancellation)).Stored;
        IReadOnlyList<UsageRow> hours = (await ledger.ReadAsync(static database => UsageReport.Read(database, UsageGroup.Key, sinceHour: 0), Cancellation)).Stored;
        Assert.Equal(all, hours);
        return [.. all.Select(static row => (row.Name, row.Unconfirmed, row.Prompt + row.Cached + row.Generated))];
    }

    private static async Task CompleteAsync(RequestLedger ledger, string model, string keyName)
    {
        RequestRecord record = LedgerFixture.Begin(ledger, model, keyName);
        record.Outcome = RequestOutcome.Completed;
        await ledger.LeaveAsync(record);
    }
}
