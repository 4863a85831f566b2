using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>
/// The value of a native histogram as prometheus_client takes it in OpenMetrics 1.0. Our pages hold none; the conformance data do.
/// </summary>
internal static partial class NativeHistogramText
{
    public static string Read(LineText text)
    {
        var value = text.Until('}') + "}";
        text.Expect("}");
        return Values().IsMatch(value) ? value : throw text.Error("not a native histogram");
    }

    [GeneratedRegex(@"\A\{count:[0-9.]+,sum:[-+0-9.e]+,schema:-?[0-9]+,zero_threshold:[-+0-9.e]+,zero_count:[0-9.]+(,(positive|negative)_(spans|deltas):\[[-0-9:,]*\])*\}\z")]
    private static partial Regex Values();
}
