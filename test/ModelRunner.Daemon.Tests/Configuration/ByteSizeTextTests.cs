using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class ByteSizeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("16777216", 16777216)]
    [InlineData("16MiB", 16777216)]
    [InlineData("16 mib", 16777216)]
    [InlineData("1.5G", 1610612736)]
    [InlineData("8GB", 8000000000)]
    [InlineData("7b", 7)]
    public void Sizes_are_parsed(string text, long expected)
    {
        Assert.True(ByteSizeText.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("1e9")]
    [InlineData("99999999999TiB")]
    [InlineData("8 giga")]
    public void Invalid_sizes_are_refused(string text) => Assert.False(ByteSizeText.TryParse(text, out _));

    [Theory]
    [InlineData("200", true)]
    [InlineData(" 1.5 ", true)]
    [InlineData("0", false)]
    [InlineData("200B", false)]
    [InlineData("200 GB", false)]
    [InlineData("much", false)]
    public void A_positive_number_alone_has_no_unit(string text, bool expected) => Assert.Equal(expected, ByteSizeText.LacksUnit(text));

    [Fact]
    public void A_flag_needs_a_unit_and_a_file_does_not()
    {
        using var fixture = new ConfigurationFixture { File = """{ "limits": { "memory": 8589934592 } }""" };
        Assert.NotNull(fixture.Settings());

        fixture.Flags["--memory"] = "8";

        Assert.Equal("--memory: \"8\" has no unit; write 8GB.", fixture.Problem());
    }

    [Theory]
    [InlineData("200", 0, long.MaxValue, "write 200MB or 200GB, or 200B for bytes")]
    [InlineData("20000000", 16L << 20, 1L << 50, "write 20000000MB, or 20000000B for bytes")]
    [InlineData("8", 16L << 20, 1L << 50, "write 8GB")]
    [InlineData("0.001", 16L << 20, 1L << 50, "write a value from 16MiB to 1024TiB")]
    [InlineData("5000000", 0, 5_000_000, "write 5000000B for bytes")]
    public void Only_sizes_within_the_limits_are_advised(string number, long minimum, long maximum, string expected) =>
        Assert.Equal(expected, ByteSizeText.WithUnits(number, minimum, maximum));

    [Fact]
    public void A_flag_is_not_told_to_have_no_unit_and_a_file_is()
    {
        using var fixture = new ConfigurationFixture { Flags = { ["--memory"] = "much" } };
        Assert.Equal("--memory: \"much\" is not a size from 16MiB to 1024TiB, such as 512MiB or 8GiB; change it or leave it out.", fixture.Problem());

        using var other = new ConfigurationFixture { File = """{ "limits": { "memory": "much" } }""" };
        Assert.Contains("such as 512MiB, 8GiB or a number of bytes;", other.Problem(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, "1KiB")]
    [InlineData(1073741823, "1GiB")]
    [InlineData(16777216, "16MiB")]
    [InlineData(1610612736, "1.5GiB")]
    [InlineData(100, "100B")]
    public void Sizes_are_formatted_briefly(long bytes, string expected) => Assert.Equal(expected, ByteSizeText.Format(bytes));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(999_994, "999.99 kB")]
    [InlineData(999_999, "1.00 MB")]
    [InlineData(999_994_999, "999.99 MB")]
    [InlineData(999_999_999, "1.00 GB")]
    [InlineData(1_500_000_000_000, "1.50 TB")]
    [InlineData(1_000, "1.00 kB")]
    [InlineData(268_800_000, "268.80 MB")]
    [InlineData(5_368_709_120, "5.37 GB")]
    public void Sizes_of_files_are_decimal(long bytes, string expected) => Assert.Equal(expected, FileSizeText.Format(bytes));
}
