using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using ModelRunner.LlamaHost.Grammars;

namespace ModelRunner.LlamaHost.Tests.Grammars;

public sealed class RangeTests
{
    private static readonly Gen<long> Limits = Gen.OneOf(Gen.Long[-1200, 1200], Gen.Long[-IntegerRange.Most, IntegerRange.Most]);

    [Fact]
    public void Whole_numbers_match_when_they_lie_between_the_limits() =>
        Gen.Select(Limits, Limits, Limits).Sample((one, other, number) =>
        {
            (long least, long most) = (Math.Min(one, other), Math.Max(one, other));
            Regex regex = ToRegex(IntegerRange.Expression(least, most));

            foreach (long value in (long[])[number, least, most, least - 1, most + 1, 0, -number])
                Assert.True(regex.IsMatch(value.ToString(CultureInfo.InvariantCulture)) == (value >= least && value <= most), $"{least}..{most}: {value}");
            Assert.DoesNotMatch(regex, "00");
            Assert.DoesNotMatch(regex, "-0");
        });

    [Fact]
    public void Numbers_with_a_fraction_match_only_between_the_limits() =>
        Gen.Select(Gen.Long[-30, 30], Gen.Bool, Gen.Long[-30, 30], Gen.Bool, Gen.Int[-31000, 31000]).Sample((one, hasLeast, other, hasMost, thousandths) =>
        {
            (long least, long most) = (Math.Min(one, other), Math.Max(one, other));
            decimal number = thousandths / 1000m;
            bool isInside = (number > least || (hasLeast && number == least)) && (number < most || (hasMost && number == most));

            bool matches = NumberRange.Expression(least, hasLeast, most, hasMost) is { } expression
                && ToRegex(expression).IsMatch(number.ToString(CultureInfo.InvariantCulture));

            // An upper limit is written without a fraction only.
            bool isLimitWithFraction = decimal.IsInteger(number) && number.ToString(CultureInfo.InvariantCulture).Contains('.');
            Assert.True(matches == isInside || (isLimitWithFraction && !matches), $"{least}..{most} {hasLeast} {hasMost}: {number}");
        });

    private static Regex ToRegex(string expression)
    {
        string pattern = expression.Replace("\".\"", "\\.", StringComparison.Ordinal)
            .Replace("\"", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        return new Regex($"^(?:{pattern})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
    }
}
