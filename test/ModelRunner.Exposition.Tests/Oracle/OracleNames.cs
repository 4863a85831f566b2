using System.Text;
using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>What names may look like.</summary>
internal static partial class OracleNames
{
    public static bool IsMetricName(string name) => Metrics().IsMatch(name);

    public static bool IsLabelName(string name) => Labels().IsMatch(name);

    public static string Quote(string name, bool isPlain) => isPlain ? name : $"\"{ByteText.Escape(name, quotes: true)}\"";

    /// <summary>Whether a name begins with <c>model_runner_</c> once every character that needs quotes is an underscore.</summary>
    public static bool IsReserved(string name)
    {
        var escaped = new StringBuilder();
        foreach (var rune in ByteText.ToUnicode(name).EnumerateRunes())
            escaped.Append(rune.IsAscii && IsMetricName("_" + (char)rune.Value) ? (char)rune.Value : '_');
        return escaped.ToString().StartsWith("model_runner_", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\A[a-zA-Z_:][a-zA-Z0-9_:]*\z")]
    private static partial Regex Metrics();

    [GeneratedRegex(@"\A[a-zA-Z_][a-zA-Z0-9_]*\z")]
    private static partial Regex Labels();
}
