using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>Checks texts that become the value of a label.</summary>
internal static class LabelText
{
    private const int MaxLength = 128;

    /// <summary>Whether a text can be a label value, which is reported if not. A missing text is valid.</summary>
    public static bool Check(WrittenValue? written, List<ConfigurationProblem> problems)
    {
        if (written is null)
            return true;

        string text = written.Text;
        if (text.Length is > 0 and <= MaxLength && PlainText.IsPlain(text) && text.Trim() == text)
            return true;

        problems.Add(new ConfigurationProblem(written.Key, text, "cannot be a label value",
            $"write 1 to {MaxLength} printable characters without spaces around them"));
        return false;
    }
}
