using Microsoft.Extensions.Time.Testing;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

public sealed class SharedRateTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Two_pulls_share_one_limit()
    {
        var rate = new SharedRate(_time) { BytesPerSecond = 1000 };
        var waits = new List<Task>();
        for (int part = 0; part < 10; part++)
            waits.Add(rate.PayAsync(1000, Token).AsTask());

        // A quarter of a second is free, so the last of ten seconds is over after 9.75 s.
        _time.Advance(TimeSpan.FromSeconds(9.7));
        Assert.Equal(9, waits.Count(static wait => wait.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.All(waits, static wait => Assert.True(wait.IsCompletedSuccessfully));
    }

    [Fact]
    public void Without_a_limit_nothing_waits_and_a_new_limit_forgets_the_old_debt()
    {
        var rate = new SharedRate(_time) { BytesPerSecond = 1 };
        Assert.False(rate.PayAsync(1_000_000, Token).AsTask().IsCompleted);

        rate.BytesPerSecond = 1000;
        Assert.True(rate.PayAsync(200, Token).AsTask().IsCompleted);
        Task next = rate.PayAsync(1000, Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.True(next.IsCompleted);

        rate.BytesPerSecond = null;
        Assert.True(rate.PayAsync(int.MaxValue, Token).AsTask().IsCompleted);
    }
}
