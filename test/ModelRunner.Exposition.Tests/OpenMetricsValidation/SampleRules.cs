namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>What one sample must keep, by the type of its family.</summary>
internal static class SampleRules
{
    public static void Check(PageFamily family, PageSample sample)
    {
        var suffix = sample.Name[family.Name.Length..];
        var broken = sample.IsNative ? BrokenNative(family, suffix) : Broken(family.TypeOrUnknown, family.Name, suffix, sample);
        if (broken is not null)
            throw new InvalidPageException($"{broken}: {sample.Line}");
    }

    private static string? BrokenNative(PageFamily family, string suffix) =>
        family.Type == "histogram" && suffix.Length == 0 ? null : "a native histogram where none can be";

    private static string? Broken(string type, string family, string suffix, PageSample sample)
    {
        var isExemplarAllowed = (type is "histogram" or "gaugehistogram" && suffix == "_bucket") || (type == "counter" && suffix == "_total");
        if (sample.Exemplar is not null && !isExemplarAllowed)
            return "an exemplar where none can be";
        if (sample.Exemplar is { } exemplar && suffix == "_bucket" && !IsWithin(exemplar, sample))
            return "an exemplar beyond the bound of its bucket";
        return BrokenValue(type, suffix, sample.Value) ?? BrokenLabel(type, family, suffix, sample);
    }

    private static string? BrokenValue(string type, string suffix, double value)
    {
        var isCounting = suffix is "_total" or "_sum" or "_count" or "_bucket" or "_gcount" or "_gsum";
        if (isCounting && double.IsNaN(value))
            return "what counts is NaN";
        if (isCounting && suffix != "_gsum" && value < 0)
            return "what counts is negative";
        if (suffix is "_bucket" or "_count" or "_gcount" && value != Math.Truncate(value))
            return "a count is not whole";
        return type switch
        {
            "info" when value != 1 => "an info is not 1",
            "stateset" when value is not (0 or 1) => "a state is neither 0 nor 1",
            "summary" when suffix.Length == 0 && value < 0 => "a quantile is negative",
            "histogram" when suffix.Length == 0 => "a histogram has no sample of its bare name",
            _ => null,
        };
    }

    private static string? BrokenLabel(string type, string family, string suffix, PageSample sample)
    {
        var foreign = type switch { "histogram" or "gaugehistogram" => "le", "summary" => "quantile", _ => "" };
        if (suffix is "_sum" or "_count" or "_created" or "_gsum" or "_gcount" && sample.Label(foreign) is not null)
            return "a label that the metric cannot have";
        if (type == "stateset" && sample.Label(family) is null)
            return "a state has no name";
        if (suffix == "_bucket" && !IsBound(sample.Label("le"), _ => true))
            return "le is not a number";
        if (type == "summary" && suffix.Length == 0 && !IsBound(sample.Label("quantile"), value => value is >= 0 and <= 1))
            return "quantile is not between 0 and 1";
        return null;
    }

    private static bool IsWithin(PageExemplar exemplar, PageSample bucket) =>
        bucket.Label("le") is "+Inf" or null || NumberText.Parse(exemplar.Value) <= NumberText.Parse(bucket.Label("le")!);

    // Of all numbers only infinity has one spelling.
    private static bool IsBound(string? text, Func<double, bool> isAllowed) =>
        text is not null && (NumberText.IsReal(text) || text is "+Inf") && isAllowed(NumberText.Parse(text));
}
