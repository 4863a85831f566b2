using Microsoft.Extensions.Primitives;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

public sealed class ScrapeDeadlinesTests
{
    [Theory]
    [InlineData("10", 8.1)]
    [InlineData("2.000", 1.62)]
    [InlineData("2.5", 2.025)]
    [InlineData("0.5", 0.4)]
    [InlineData("0.3", 0.22)]
    [InlineData("3600", 48.6)]
    [InlineData("86400", 48.6)]
    [InlineData("86401", 4.5)]
    [InlineData("1e9", 4.5)]
    [InlineData("1e300", 4.5)]
    [InlineData("1e999", 4.5)]
    [InlineData("Infinity", 4.5)]
    [InlineData("+Inf", 4.5)]
    [InlineData("∞", 4.5)]
    [InlineData("0.0001", 0.04)]
    [InlineData("abc", 4.5)]
    [InlineData("-1", 4.5)]
    [InlineData("0", 4.5)]
    [InlineData("NaN", 4.5)]
    [InlineData("", 4.5)]
    [InlineData("10,10", 4.5)]
    [InlineData("1,5", 4.5)]
    public void TMO_02_The_deadline_is_nine_tenths_of_the_header_minus_the_time_for_merging_and_an_invalid_header_is_ignored(string header, double seconds)
    {
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of(header, TimeSpan.FromSeconds(5));

        Assert.Equal(seconds, deadlines.Runners.TotalSeconds, precision: 6);
    }

    [Fact]
    public void A_missing_or_repeated_header_gives_the_default()
    {
        Assert.Equal(4.5, ScrapeDeadlines.Of(StringValues.Empty, TimeSpan.FromSeconds(5)).Runners.TotalSeconds, precision: 6);
        Assert.Equal(4.5, ScrapeDeadlines.Of(new StringValues(["1", "2"]), TimeSpan.FromSeconds(5)).Runners.TotalSeconds, precision: 6);
    }

    [Theory]
    [InlineData("10", 9, 10)]
    [InlineData("0.3", 0.27, 0.3)]
    [InlineData("3600", 54, 60)]
    [InlineData("Infinity", 5, 60)]
    [InlineData("abc", 5, 60)]
    public void The_first_byte_is_due_at_nine_tenths_of_the_timeout_and_the_last_at_its_end(string header, double answer, double end)
    {
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of(header, TimeSpan.FromSeconds(5));

        Assert.Equal(answer, deadlines.FirstByte.TotalSeconds, precision: 6);
        Assert.Equal(end, deadlines.LastByte.TotalSeconds, precision: 6);
    }
}
