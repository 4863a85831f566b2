using Microsoft.Extensions.Time.Testing;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

public sealed class ByteRateLimitTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_pulls_share_one_limit()
    {
        var rate = new ByteRateLimit(_time) { BytesPerSecond = 1000 };
        var waits = new List<Task>();
        for (int part = 0; part < 10; part++)
            waits.Add(rate.PayAsync(1000, Token).AsTask());

        // A quarter of a second is free, so the last of ten seconds is over after 9.75 s.
        _time.Advance(TimeSpan.FromSeconds(9.7));
        await Task.WhenAll(waits[..9]).WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.False(waits[9].IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await waits[9].WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1_000_000L)]
    public async Task A_new_limit_wakes_a_pull_that_waits(long? limit)
    {
        var rate = new ByteRateLimit(_time) { BytesPerSecond = 1 };
        Task waiting = rate.PayAsync(1_000_000, Token).AsTask();
        Assert.False(waiting.IsCompleted);

        rate.BytesPerSecond = limit;

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task A_pull_that_waits_can_be_cancelled()
    {
        var rate = new ByteRateLimit(_time) { BytesPerSecond = 1 };
        using var cancelled = new CancellationTokenSource();
        Task waiting = rate.PayAsync(1_000_000, cancelled.Token).AsTask();

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Without_a_limit_nothing_waits_and_a_new_limit_forgets_the_old_debt()
    {
        var rate = new ByteRateLimit(_time) { BytesPerSecond = 1 };
        Assert.False(rate.PayAsync(1_000_000, Token).AsTask().IsCompleted);

        rate.BytesPerSecond = 1000;
        Assert.True(rate.PayAsync(200, Token).AsTask().IsCompleted);
        Task next = rate.PayAsync(1000, Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1.1));
        await next.WaitAsync(TimeSpan.FromSeconds(30), Token);

        rate.BytesPerSecond = null;
        Assert.True(rate.PayAsync(int.MaxValue, Token).AsTask().IsCompleted);
    }
}
