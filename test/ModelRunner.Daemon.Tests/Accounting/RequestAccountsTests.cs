using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Tests.Accounting;

public sealed class RequestAccountsTests
{
    private const string Document = """{"timings":{"prompt_n":3,"cache_n":4,"predicted_n":5,"draft_n":2,"draft_n_accepted":1}}""";
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void What_is_known_of_a_stream_that_stops_is_its_last_events()
    {
        var accounts = new RequestAccounts(_time);
        RequestRecord record = accounts.Begin();
        accounts.Assign(record, Key("a"));
        record.HasResponse = true;
        record.BeginResponse(ResponseFormat.Events);
        for (int i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(60));
            record.Read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"u8);
        }

        Assert.Equal(10, record.Progress!.Figures.GeneratedTokens);
    }

    [Fact]
    public void What_is_known_of_a_stream_that_stops_after_a_burst_is_the_whole_burst()
    {
        var accounts = new RequestAccounts(_time);
        RequestRecord record = accounts.Begin();
        accounts.Assign(record, Key("a"));
        record.BeginResponse(ResponseFormat.Events);
        for (int i = 0; i < 10; i++)
            record.Read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"u8);
        record.Pause();

        Assert.Equal(10, record.Progress!.Figures.GeneratedTokens);
    }

    [Fact]
    public void A_request_adds_its_tokens_and_its_times_to_the_account_of_its_model()
    {
        var accounts = new RequestAccounts(_time);
        RequestRecord record = accounts.Begin();
        _time.Advance(TimeSpan.FromSeconds(1));
        accounts.Assign(record, Key("a"));
        record.BeginWait();
        _time.Advance(TimeSpan.FromSeconds(2));
        record.EndWait();
        record.HasResponse = true;
        record.BeginResponse(ResponseFormat.Events);
        _time.Advance(TimeSpan.FromSeconds(4));
        record.Read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"u8);
        _time.Advance(TimeSpan.FromSeconds(8));
        record.Read(Encoding.UTF8.GetBytes($"data: {Document}\n\n"));
        Complete(accounts, record);

        ModelAccount account = Assert.Single(accounts.Table.Models);
        Assert.Equal(1, account.Requests(RequestOutcome.Completed, StatusClass.Successful));
        Assert.Equal([3, 4, 5, 2, 1], Enum.GetValues<TokenType>().Select(account.Tokens));
        Assert.Equal(1, account.Sources(FigureSource.Timings));
        Assert.Equal((15, 7, 2, 2), (account.Duration.Sum, account.FirstToken.Sum, account.OutputToken.Sum, account.QueueWait.Sum));
        Assert.Equal(0, account.InFlight);
    }

    [Fact]
    public void A_request_without_a_model_is_counted_without_a_model()
    {
        var accounts = new RequestAccounts(_time);
        RequestRecord record = accounts.Begin();
        (record.Outcome, record.Status) = (RequestOutcome.Invalid, StatusClass.ClientError);
        accounts.End(record)?.Count();
        accounts.Leave(record);
        RequestRecord preload = accounts.Begin();
        preload.IsCounted = false;
        accounts.End(preload)?.Count();

        Assert.Empty(accounts.Table.Models);
        Assert.Equal(1, accounts.Table.Unknown.Requests(RequestOutcome.Invalid, StatusClass.ClientError));
        Assert.Equal(0, accounts.Table.Unknown.Requests(RequestOutcome.Error, StatusClass.None));
    }

    [Fact]
    public void A_second_response_replaces_the_first_one()
    {
        RequestRecord record = new(1, _time);
        record.BeginResponse(ResponseFormat.Events);
        record.Read("data: {\"choices\":[{\"text\":\"a\"}]}\n\n"u8);
        record.BeginResponse(ResponseFormat.Json);

        Assert.Null(record.TimeToFirstToken);
        Assert.Equal(FigureSource.None, record.Figures.Source);
    }

    [Theory]
    [InlineData(-5, -1, 0)]
    [InlineData(-5, 3, 3)]
    [InlineData(2, 6, 4)]
    [InlineData(2, null, 5)]
    [InlineData(null, null, 0)]
    public void The_wait_for_a_load_is_the_part_of_the_wait_during_which_the_runner_was_loading(int? from, int? to, int expected)
    {
        var accounts = new RequestAccounts(_time);
        RequestRecord record = Begin(accounts, "a");
        _time.Advance(TimeSpan.FromSeconds(5));
        long begun = _time.GetTimestamp();
        record.BeginWait();
        _time.Advance(TimeSpan.FromSeconds(7));
        record.EndWait(begun + (from * _time.TimestampFrequency), begun + (to * _time.TimestampFrequency));
        record.EndWait(begun, begun + (7 * _time.TimestampFrequency));
        Complete(accounts, record);

        ModelAccount account = Assert.Single(accounts.Table.Models);
        Assert.Equal((7, expected), (account.QueueWait.Sum, account.LoadWait.Sum));
        Assert.Equal((1, expected > 0 ? 1 : 0), (CountOf(account.QueueWait), CountOf(account.LoadWait)));
    }

    [Fact]
    public void The_account_that_was_used_least_recently_is_hidden_and_returns_with_its_totals_and_no_sum_changes()
    {
        var accounts = new RequestAccounts(_time, maxModels: 2);
        foreach (string model in (string[])["a", "b", "a", "c", "d", "b"])
            CountOne(accounts, model);

        Assert.Equal(["b", "d"], accounts.Table.Models.Select(static account => account.Key!.Value.Model));
        Assert.Equal([2, 1], accounts.Table.Models.Select(static account => account.Tokens(TokenType.Generated) / 5));
        ModelAccount others = Assert.Single(accounts.Table.Others);
        Assert.Equal(3, others.Requests(RequestOutcome.Completed, StatusClass.Successful));
        Assert.Equal((15, 3), (others.Tokens(TokenType.Generated), others.Duration.CountAt(0)));
    }

    [Fact]
    public void An_account_with_a_request_in_flight_is_not_folded()
    {
        var accounts = new RequestAccounts(_time, maxModels: 1);
        RequestRecord first = Begin(accounts, "a");
        CountOne(accounts, "b");
        Complete(accounts, first);

        Assert.Equal(5, Assert.Single(accounts.Table.Models).Tokens(TokenType.Generated));
        Assert.Equal(5, Assert.Single(accounts.Table.Others).Tokens(TokenType.Generated));

        CountOne(accounts, "c");
        Assert.Equal("c", Assert.Single(accounts.Table.Models).Key!.Value.Model);
        Assert.Equal(10, accounts.Table.Others.Sum(static account => account.Tokens(TokenType.Generated)));
    }

    [Fact]
    public async Task Concurrent_requests_are_counted_exactly()
    {
        var accounts = new RequestAccounts(_time, maxModels: 3);
        Task[] tasks = [.. Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (int i = 0; i < 500; i++)
                CountOne(accounts, $"model{(i * (worker + 1)) % 7}");
        }))];

        Task all = Task.WhenAll(tasks);
        long last = 0;
        while (!all.IsCompleted)
        {
            long tokens = TokensOf(accounts);
            Assert.InRange(tokens, last, 20_000);
            last = tokens;
        }

        await all;

        Assert.Equal(20_000, TokensOf(accounts));
        Assert.Equal(3, accounts.Table.Models.Count);
        Assert.All(accounts.Table.Models, static account => Assert.Equal(0, account.InFlight));
    }

    private static long TokensOf(RequestAccounts accounts)
    {
        AccountTable table = accounts.Table;
        return table.Models.Concat(table.Others).Sum(static account => account.Tokens(TokenType.Generated));
    }

    [Fact]
    public void The_sum_of_the_hidden_accounts_is_right_whatever_is_hidden_and_returns()
    {
        const int Models = 40;
        var accounts = new RequestAccounts(_time, maxModels: 3);
        var random = new Random(1);
        for (int i = 1; i <= 500; i++)
        {
            CountOne(accounts, $"m{random.Next(Models)}");
            AccountTable table = accounts.Table;
            ModelAccount all = ModelAccount.Sum(table.Models.Concat(table.Others));
            Assert.Equal((i, 5 * i, i), (all.Requests(RequestOutcome.Completed, StatusClass.Successful), all.Tokens(TokenType.Generated), CountOf(all.Duration)));
            Assert.InRange(table.Models.Count, 1, 3);
        }
    }

    [Fact]
    public void A_listener_of_instruments_that_fails_does_not_stop_the_accounting()
    {
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, me) =>
        {
            if (instrument.Name == "model_runner.requests")
                me.EnableMeasurementEvents(instrument);
        };
        int failures = 0;
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (!tags.Contains(new KeyValuePair<string, object?>("model", "fails")))
                return;
            failures++;
            throw new InvalidOperationException("a listener failed");
        });
        listener.Start();
        var accounts = new RequestAccounts(_time);
        RequestRecord record = Begin(accounts, "fails");
        (record.Outcome, record.Status) = (RequestOutcome.Completed, StatusClass.Successful);
        EndedRequest ended = accounts.End(record)!;

        ended.Count();

        Assert.True(ended.Counted.IsCompletedSuccessfully);
        Assert.Equal((1, 1), (failures, Assert.Single(accounts.Table.Models).Requests(RequestOutcome.Completed, StatusClass.Successful)));
    }

    private static void CountOne(RequestAccounts accounts, string model) => Complete(accounts, Begin(accounts, model));

    private static RequestRecord Begin(RequestAccounts accounts, string model)
    {
        RequestRecord record = accounts.Begin();
        accounts.Assign(record, Key(model));
        record.HasResponse = true;
        record.BeginResponse(ResponseFormat.Json);
        record.Read(Encoding.UTF8.GetBytes(Document));
        return record;
    }

    private static void Complete(RequestAccounts accounts, RequestRecord record)
    {
        record.EndResponse();
        record.Outcome = RequestOutcome.Completed;
        record.SetStatus(200);
        accounts.End(record)?.Count();
        accounts.Leave(record);
    }

    private static long CountOf(DurationHistogram histogram) => Enumerable.Range(0, histogram.Bounds.Count + 1).Sum(histogram.CountAt);

    private static RunnerKey Key(string model) => new("llama.cpp", model, RunnerMode.Completion);
}
