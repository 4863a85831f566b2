using System.Globalization;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>What a page says, told in a form in which pages of both formats can be compared.</summary>
internal static class PageSamples
{
    /// <summary>Names, labels and values in order. A bound may be written in another way, but not be another number.</summary>
    public static List<string> Of(IEnumerable<PageFamily> families) =>
        [.. families.SelectMany(family => family.Samples).Select(Describe).Order(StringComparer.Ordinal)];

    private static string Describe(PageSample sample) => string.Create(
        CultureInfo.InvariantCulture, $"{sample.Name} {string.Join(' ', sample.Labels.Select(Describe))} {BitConverter.DoubleToInt64Bits(sample.Value)}");

    private static string Describe(PageLabel label) =>
        label.Name is "le" or "quantile" && NumberText.IsNumber(label.Value)
            ? $"{label.Name}={BitConverter.DoubleToInt64Bits(NumberText.Parse(label.Value))}"
            : $"{label.Name}={label.Value}";
}
