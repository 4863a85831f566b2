using ModelRunner.LlamaHost.Metrics;

namespace ModelRunner.LlamaHost.Tests.Metrics;

public sealed class ThroughputWindowTests
{
    private readonly ThroughputWindow _window = new();

    [Fact]
    public void Without_work_there_is_no_rate() => Assert.Equal(0, _window.Rate(1000, 10));

    [Fact]
    public void The_rate_is_tokens_by_the_time_spent_on_them()
    {
        _window.Add(1000, 10, 30, TimeSpan.FromSeconds(1));
        _window.Add(1015, 10, 10, TimeSpan.FromSeconds(1));

        Assert.Equal(20, _window.Rate(1020, 10));
        Assert.Equal(20, _window.Rate(1020, 10));
    }

    [Fact]
    public void What_is_older_than_thirty_seconds_counts_no_more()
    {
        _window.Add(1000, 10, 30, TimeSpan.FromSeconds(1));
        _window.Add(1200, 10, 10, TimeSpan.FromSeconds(1));

        Assert.Equal(20, _window.Rate(1299, 10));
        Assert.Equal(10, _window.Rate(1300, 10));
        Assert.Equal(0, _window.Rate(1500, 10));
    }
}
