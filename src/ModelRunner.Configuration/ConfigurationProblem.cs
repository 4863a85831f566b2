using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>One thing that is wrong with what the user wrote. Its text is one line.</summary>
/// <param name="Key">The key as the user wrote it.</param>
/// <param name="Value">The value as the user wrote it; null where there is none or where it must not be shown.</param>
/// <param name="Reason">What is wrong; completes a sentence that begins with the value, or stands alone where there is none.</param>
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
