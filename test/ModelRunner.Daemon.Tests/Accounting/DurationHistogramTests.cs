using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Tests.Accounting;

public sealed class DurationHistogramTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1.5, 1)]
    [InlineData(2, 1)]
    [InlineData(2.0001, 2)]
    [InlineData(100_000, 2)]
    public void A_duration_belongs_to_the_first_bound_that_is_not_below_it(double seconds, int bound)
    {
        var histogram = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        histogram.Add(TimeSpan.FromSeconds(seconds));

        Assert.Equal([bound == 0 ? 1 : 0, bound == 1 ? 1 : 0, bound == 2 ? 1 : 0], [histogram.CountAt(0), histogram.CountAt(1), histogram.CountAt(2)]);
        Assert.Equal(seconds, histogram.Sum, precision: 6);
    }

    [Fact]
    public void A_bucket_has_the_last_duration_with_a_trace()
    {
        var histogram = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        histogram.Add(TimeSpan.FromSeconds(0.5), "a", DateTimeOffset.UnixEpoch);
        histogram.Add(TimeSpan.FromSeconds(1), "b", DateTimeOffset.UnixEpoch.AddSeconds(7));
        histogram.Add(TimeSpan.FromSeconds(0.7));

        Assert.Equal(("trace_id", "b", 1), (histogram.ExemplarAt(0)!.LabelName, histogram.ExemplarAt(0)!.LabelValue, histogram.ExemplarAt(0)!.Value));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(7), histogram.ExemplarAt(0)!.Timestamp);
        Assert.Null(histogram.ExemplarAt(1));
    }

    [Fact]
    public void A_sum_has_the_later_exemplars()
    {
        var sum = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        var other = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        sum.Add(TimeSpan.FromSeconds(1), "new", DateTimeOffset.UnixEpoch.AddSeconds(9));
        other.Add(TimeSpan.FromSeconds(1), "old", DateTimeOffset.UnixEpoch.AddSeconds(8));
        sum.Add(TimeSpan.FromSeconds(2), "old", DateTimeOffset.UnixEpoch.AddSeconds(8));
        other.Add(TimeSpan.FromSeconds(2), "new", DateTimeOffset.UnixEpoch.AddSeconds(9));
        other.Add(TimeSpan.FromSeconds(3), "only", DateTimeOffset.UnixEpoch);
        sum.Add(other);

        Assert.Equal(["new", "new", "only"], [sum.ExemplarAt(0)!.LabelValue, sum.ExemplarAt(1)!.LabelValue, sum.ExemplarAt(2)!.LabelValue]);
    }

    [Fact]
    public void Histograms_are_added()
    {
        var sum = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        var other = new DurationHistogram([new HistogramBound(1), new HistogramBound(2)]);
        sum.Add(TimeSpan.FromSeconds(1));
        other.Add(TimeSpan.FromSeconds(0.5));
        other.Add(TimeSpan.FromSeconds(3));
        sum.Add(other);

        Assert.Equal([2, 0, 1], [sum.CountAt(0), sum.CountAt(1), sum.CountAt(2)]);
        Assert.Equal(4.5, sum.Sum);
    }
}
