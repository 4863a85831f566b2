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

    /// <inheritdoc/>
    public override string ToString()
    {
        string key = PlainText.EscapeAndCut(Key, MaxValue);
        string value = Value is null ? "" : $"\"{PlainText.EscapeAndCut(Value, MaxValue)}\" ";
        string stop = Remedy.EndsWith('?') ? "" : ".";
        return $"{key}: {value}{Reason}; {Remedy}{stop}";
    }
}
