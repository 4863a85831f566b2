namespace ModelRunner.Configuration;

/// <summary>The member <c>usage</c> of an engine and of an attached server: how the daemon gets the token counts of a stream.</summary>
internal static class UsageText
{
    private const string Request = "request";
    private const string AsReported = "asReported";

    /// <summary>Whether the daemon asks for the counts.</summary>
    /// <param name="written">The member; null: there is none.</param>
    /// <param name="isDefault">The value without the member.</param>
    /// <param name="problems">Gets a problem if the value is none of the two.</param>
    public static bool IsRequested(WrittenValue? written, bool isDefault, List<ConfigurationProblem> problems)
    {
        if (written is null)
            return isDefault;
        if (written.Text is not (Request or AsReported))
        {
            problems.Add(new ConfigurationProblem(
                written.Key, written.Text, "is not a way to get token counts",
                $"write {Request} to ask for them with stream_options, or {AsReported} to read what the server sends unasked"));
        }

        return written.Text == Request;
    }
}
