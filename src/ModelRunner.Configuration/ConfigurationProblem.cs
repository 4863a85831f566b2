using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>One problem with the user's configuration. Its text is one line.</summary>
/// <param name="Key">The key as the user wrote it.</param>
/// <param name="Value">The value as the user wrote it; null if there is none or if it must not be shown.</param>
/// <param name="Reason">What is wrong; completes a sentence that begins with the value, or stands alone if there is no value.</param>
/// <param name="Remedy">What to do.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Reason, string Remedy)
{
    private const int MaxValue = 120;

    /// <summary>The text where it is known which key is meant.</summary>
    public string WithoutKey
    {
        get
        {
            string value = Value is null ? "" : $"\"{PlainText.EscapeAndCut(Value, MaxValue)}\" ";
            string stop = Remedy.EndsWith('?') ? "" : ".";
            return $"{value}{Reason}; {Remedy}{stop}";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{PlainText.EscapeAndCut(Key, MaxValue)}: {WithoutKey}";
}
