using System.Globalization;
using System.Text;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Tests.Text;

public sealed class NumbersTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("0.1")]
    [InlineData("123456789012345")]
    [InlineData("1234567890123456789")]
    [InlineData("0.00000000000001")]
    [InlineData("99999999999999.9")]
    [InlineData("9007199254740993")]
    [InlineData("-0")]
    [InlineData("+1.5")]
    [InlineData("1e-400")]
    [InlineData("2.2250738585072011e-308")]
    public void A_number_is_the_nearest_double(string text) =>
        Assert.Equal(
            BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)),
            BitConverter.DoubleToInt64Bits(Numbers.Parse(Encoding.ASCII.GetBytes(text))));

    [Fact]
    public void Short_numbers_are_the_nearest_double_for_every_place_of_the_point()
    {
        var random = new Random(5);
        for (var round = 0; round < 20_000; round++)
        {
            var digits = random.NextInt64(1, 100_000_000_000_000).ToString(CultureInfo.InvariantCulture);
            var text = digits.Insert(random.Next(digits.Length + 1), ".");

            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture), Numbers.Parse(Encoding.ASCII.GetBytes(text)));
        }
    }

    [Theory]
    [InlineData(1, "1.0")]
    [InlineData(0.5, "0.5")]
    [InlineData(0, "0.0")]
    [InlineData(-1, "-1.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(999999, "999999.0")]
    [InlineData(1000000, "1e+06")]
    [InlineData(-1234567, "-1.234567e+06")]
    [InlineData(1234567.25, "1.23456725e+06")]
    [InlineData(9007199254740991, "9.007199254740991e+15")]
    [InlineData(1e15, "1e+15")]
    [InlineData(1e30, "1e+30")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    public void A_bound_is_written_as_Go_does_with_a_point_or_an_exponent(double value, string expected)
    {
        var bytes = new ByteBuilder();
        Numbers.AppendBound(bytes, value);

        Assert.Equal(expected, Encoding.ASCII.GetString(bytes.Written));
    }
}
