using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Keys;

public sealed class KeyLimitsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 12, 31, 23, 0, 0, TimeSpan.Zero));
    private readonly KeyUse _use = new();

    [Fact]
    public void Requests_in_flight_are_limited_for_each_key_alone()
    {
        var limits = new KeyLimits(_use, _time);
        Caller ada = CallerOf("ada", new KeySettings("ada", KeyDigest.Of("a")) { Concurrency = 2 });
        Caller bob = CallerOf("bob", new KeySettings("bob", KeyDigest.Of("b")));
        KeyLease first = limits.Enter(ada)!;
        KeyLease second = limits.Enter(ada)!;

        ApiError error = RefusalOf(limits, ada);
        Assert.Equal((429, "rate_limit_exceeded", TimeSpan.FromSeconds(1), true), (error.Status, error.Code, error.RetryAfter!.Value, error.CanRetryHelp));
        Assert.Equal("the key \"ada\" has 2 requests in flight, which is its limit; try again when one has ended", error.Message);
        Assert.NotNull(limits.Enter(bob));
        Assert.Null(limits.Enter(Caller.WithoutKey));

        first.Dispose();
        first.Dispose();
        using KeyLease third = limits.Enter(ada)!;
        RefusalOf(limits, ada);
        second.Dispose();
    }

    [Fact]
    public void A_limit_that_a_reload_sets_counts_the_requests_that_are_in_flight()
    {
        var limits = new KeyLimits(_use, _time);
        var key = new KeySettings("ada", KeyDigest.Of("a"));
        using KeyLease first = limits.Enter(CallerOf("ada", key))!;

        RefusalOf(limits, CallerOf("ada", key with { Concurrency = 1 }));
    }

    [Fact]
    public void The_quota_of_a_day_ends_at_midnight_in_UTC()
    {
        var limits = new KeyLimits(_use, _time);
        Caller ada = CallerOf("ada", new KeySettings("ada", KeyDigest.Of("a")) { TokensPerDay = 100 });
        _use.Add("ada", _time.GetUtcNow().AddHours(-23), 99);
        limits.Enter(ada)!.Dispose();
        _use.Add("ada", _time.GetUtcNow(), 1);

        ApiError error = RefusalOf(limits, ada);
        Assert.Equal((429, "insufficient_quota", TimeSpan.FromHours(1), false), (error.Status, error.Code, error.RetryAfter!.Value, error.CanRetryHelp));
        Assert.Equal(
            "the key \"ada\" has used 100 tokens of this day, and its limit is 100; it can be used again from 2027-01-01T00:00:00Z (UTC)", error.Message);
        _time.Advance(TimeSpan.FromMinutes(59.5));
        Assert.True(RefusalOf(limits, ada).CanRetryHelp);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(limits.Enter(ada));
    }

    [Theory]
    [InlineData("2026-02-03T04:05:06Z", "2026-03-01T00:00:00Z")]
    [InlineData("2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z")]
    [InlineData("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z")]
    public void The_quota_of_a_month_ends_with_it(string now, string end)
    {
        Assert.True(ExpiryText.TryParse(now, out DateTimeOffset time));
        var limits = new KeyLimits(_use, new FakeTimeProvider(time));
        Caller ada = CallerOf("ada", new KeySettings("ada", KeyDigest.Of("a")) { TokensPerDay = 1, TokensPerMonth = 100 });
        _use.Add("ada", new DateTimeOffset(time.Year, time.Month, 1, 0, 0, 0, TimeSpan.Zero), 50);
        _use.Add("ada", time.AddMonths(-1), 1000);
        _use.Add("ada", time, 50);

        ApiError error = RefusalOf(limits, ada);

        Assert.Contains($"has used 100 tokens of this month, and its limit is 100; it can be used again from {end} (UTC)", error.Message, StringComparison.Ordinal);
        Assert.Equal(end, ExpiryText.Format(time + error.RetryAfter!.Value));
    }

    [Fact]
    public void Days_are_bounded_and_wrong_clocks_do_not_remove_today()
    {
        for (int day = -500; day <= 500; day++)
            _use.Add("ada", _time.GetUtcNow().AddDays(day), 1);
        _use.Add("ada", _time.GetUtcNow(), 5);

        Assert.InRange(_use.Read("ada", _time.GetUtcNow()).Day, 5, 6);
        Assert.Equal((0, 0), _use.Read("bob", _time.GetUtcNow()));
    }

    [Fact]
    public async Task Entering_and_leaving_at_once_never_exceeds_the_limit()
    {
        var limits = new KeyLimits(_use, _time);
        Caller ada = CallerOf("ada", new KeySettings("ada", KeyDigest.Of("a")) { Concurrency = 3 });
        int inside = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                for (int i = 0; i < 2000; i++)
                {
                    try
                    {
                        using KeyLease lease = limits.Enter(ada)!;
                        int now = Interlocked.Increment(ref inside);
                        InterlockedMax(ref most, now);
                        Interlocked.Decrement(ref inside);
                    }
                    catch (ApiException)
                    {
                        // The limit is reached.
                    }
                }
            },
            TestContext.Current.CancellationToken)));

        Assert.InRange(most, 1, 3);
        for (int i = 0; i < 3; i++)
            Assert.NotNull(limits.Enter(ada));
    }

    private static void InterlockedMax(ref int most, int now)
    {
        while (Volatile.Read(ref most) is var known && known < now && Interlocked.CompareExchange(ref most, now, known) != known)
        {
            // Another thread has set it meanwhile.
        }
    }

    private static Caller CallerOf(string name, KeySettings key) => new(name, key);

    private static ApiError RefusalOf(KeyLimits limits, Caller caller) => Assert.Throws<ApiException>(() => limits.Enter(caller)).Error;
}
