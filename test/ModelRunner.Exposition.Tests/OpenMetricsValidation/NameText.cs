using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>Names that need no quotes.</summary>
internal static partial class NameText
{
    public static bool IsMetricName(string name) => Metrics().IsMatch(name);

    public static bool IsLabelName(string name) => Labels().IsMatch(name);

    [GeneratedRegex(@"\A[a-zA-Z_:][a-zA-Z0-9_:]*\z")]
    private static partial Regex Metrics();

    [GeneratedRegex(@"\A[a-zA-Z_][a-zA-Z0-9_]*\z")]
    private static partial Regex Labels();
}
