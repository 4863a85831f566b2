using ModelRunner.Reliability.Soak;

namespace ModelRunner.ScrapeBenchmark.Tests.Soak;

public sealed class SlopeTests
{
    [Fact]
    public void A_straight_line_has_its_slope_without_a_doubt()
    {
        var slope = Slope.Of([.. Enumerable.Range(0, 10).Select(static i => (i / 10.0, 3 + (2.0 * i / 10)))]);

        Assert.Equal(2, slope.Value, precision: 9);
        Assert.Equal(2, slope.Lower, precision: 9);
        Assert.Equal(2, slope.Upper, precision: 9);
    }

    /// <summary>Anscombe's first set. Its slope is 0.5 with a standard error of 0.1179, and the quantile for 9 degrees of freedom is 2.262.</summary>
    [Fact]
    public void The_limits_are_those_of_a_known_example()
    {
        double[] x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
        double[] y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

        var slope = Slope.Of([.. x.Zip(y)]);

        Assert.Equal(0.5001, slope.Value, precision: 4);
        Assert.Equal(0.5001 - (2.262 * 0.1179), slope.Lower, precision: 3);
        Assert.Equal(0.5001 + (2.262 * 0.1179), slope.Upper, precision: 3);
    }

    [Theory]
    [InlineData(4, 2.776)]
    [InlineData(10, 2.228)]
    [InlineData(30, 2.042)]
    [InlineData(1000, 1.962)]
    public void The_quantile_is_that_of_the_tables(int degrees, double expected) => Assert.InRange(Slope.Student(degrees), 0.99 * expected, 1.01 * expected);
}
