using CsCheck;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("300", 300)]
    [InlineData("1.5", 1.5)]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("2h45m30.5s", 9930.5)]
    [InlineData("250us", 0.00025)]
    [InlineData("250µs", 0.00025)]
    [InlineData(" 10m ", 600)]
    [InlineData("-1", -1)]
    [InlineData("-5m", -300)]
    public void MEM_06_these_forms_are_valid(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("1e99")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("m")]
    [InlineData("10 m")]
    [InlineData("10x")]
    [InlineData("--1")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1h30")]
    [InlineData("1,5")]
    [InlineData("99999999999")]
    [InlineData("999999h")]
    [InlineData("٣")]
    public void MEM_06_invalid_durations_are_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData("-1")]
    [InlineData("-1m")]
    [InlineData("-0.5s")]
    public void MEM_06_any_negative_time_keeps_alive_for_ever(string text)
    {
        Assert.True(DurationText.TryParseKeepAlive(text, out TimeSpan keepAlive));
        Assert.Equal(Timeout.InfiniteTimeSpan, keepAlive);
    }

    [Fact]
    public void Formatted_durations_can_be_parsed() => Gen.Int[0, int.MaxValue].Select(static milliseconds => TimeSpan.FromMilliseconds(milliseconds)).Sample(
        static duration => DurationText.TryParse(DurationText.Format(duration), out TimeSpan read)
            && Math.Abs((read - duration).TotalMilliseconds) < 0.01);

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.25, "250ms")]
    [InlineData(300, "5m")]
    [InlineData(5400, "1h30m")]
    [InlineData(-1, "-1")]
    public void Durations_are_formatted_briefly(double seconds, string expected) =>
        Assert.Equal(expected, DurationText.Format(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("3", true)]
    [InlineData(" 1.5 ", true)]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData("3d", false)]
    [InlineData("x", false)]
    public void A_positive_number_alone_has_no_unit(string text, bool expected) => Assert.Equal(expected, DurationText.LacksUnit(text));

    [Fact]
    public void A_flag_needs_a_unit_and_a_file_does_not()
    {
        using var fixture = new ConfigurationFixture { File = """{ "keepAlive": 300 }""" };
        Assert.Equal(TimeSpan.FromMinutes(5), fixture.Settings().Runners.KeepAlive);

        fixture.Flags["--keep-alive"] = "300";

        Assert.Equal("--keep-alive: \"300\" has no unit; write 300s, 300m, 300h or 300d.", fixture.Problem());
    }
}
