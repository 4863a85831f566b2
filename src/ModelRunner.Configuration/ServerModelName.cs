using ModelRunner.Linux.Terminals;

namespace ModelRunner.Configuration;

/// <summary>Checks the name by which a server knows its model, if it differs from the name that clients use.</summary>
internal static class ServerModelName
{
    private const int MaxLength = 1024;

    /// <summary>Whether a text can be such a name, which is reported if not. A missing text is valid.</summary>
    public static bool Check(WrittenValue? written, List<ConfigurationProblem> problems)
    {
        if (written is null
            || (written.Text.Trim().Length is > 0 and <= MaxLength && PlainText.IsPlain(written.Text)))
            return true;

        problems.Add(new ConfigurationProblem(written.Key, written.Text, "cannot be the name of a model",
            $"write 1 to {MaxLength} printable characters: the name by which the server knows its model"));
        return false;
    }
}
