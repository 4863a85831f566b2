using Microsoft.Extensions.Primitives;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class ScrapeDeadlineTests
{
    [Theory]
    [InlineData("10", 8.1)]
    [InlineData("2.000", 1.62)]
    [InlineData("2.5", 2.025)]
    [InlineData("0.5", 0.4)]
    [InlineData("0.3", 0.22)]
    [InlineData("1e9", 48.6)]
    [InlineData("0.0001", 0.04)]
    [InlineData("abc", 4.5)]
    [InlineData("-1", 4.5)]
    [InlineData("0", 4.5)]
    [InlineData("NaN", 4.5)]
    [InlineData("", 4.5)]
    [InlineData("10,10", 4.5)]
    [InlineData("1,5", 4.5)]
    public void TMO_02_The_header_gives_nine_tenths_less_the_time_for_merging_and_nonsense_gives_the_default(string header, double seconds)
    {
        TimeSpan deadline = ScrapeDeadline.ForReading(header, TimeSpan.FromSeconds(5));

        Assert.Equal(seconds, deadline.TotalSeconds, precision: 6);
    }

    [Fact]
    public void A_missing_header_and_one_that_stands_twice_give_the_default()
    {
        Assert.Equal(4.5, ScrapeDeadline.ForReading(StringValues.Empty, TimeSpan.FromSeconds(5)).TotalSeconds, precision: 6);
        Assert.Equal(4.5, ScrapeDeadline.ForReading(new StringValues(["1", "2"]), TimeSpan.FromSeconds(5)).TotalSeconds, precision: 6);
    }
}
