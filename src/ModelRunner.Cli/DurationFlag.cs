using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>
/// Checks the durations that a user writes for a command. A number without a unit is refused, as Docker and Ollama do: <c>--unused-for 3</c> would remove
/// nearly all models if it meant seconds.
/// </summary>
internal static class DurationFlag
{
    /// <summary>Checks a time that is looked back.</summary>
    /// <param name="flag">The name of the flag.</param>
    /// <param name="text">What was written; null: nothing.</param>
    /// <param name="examples">What is usual, such as <c>30d or 12h</c>.</param>
    /// <returns>The text.</returns>
    /// <exception cref="CliFailure">It is no duration, or has no unit.</exception>
    public static string? CheckAge(string flag, string? text, string examples)
    {
        if (text is null)
            return null;
        RequireUnit(flag, text, DurationText.Longest);
        return DurationText.TryParse(text, out TimeSpan age) && age >= TimeSpan.Zero
            ? text
            : throw FlagError.Of(flag, text, $"is not a duration of at most {DurationText.Longest.TotalDays:0} days, such as {examples}");
    }

    /// <summary>Checks how long a model stays loaded: a duration, 0, or a negative value.</summary>
    /// <param name="flag">The name of the flag.</param>
    /// <param name="text">What was written; null: nothing.</param>
    /// <returns>The text.</returns>
    /// <exception cref="CliFailure">It is no such time, or has no unit.</exception>
    public static string? CheckKeepAlive(string flag, string? text)
    {
        if (text is null)
            return null;
        RequireUnit(flag, text, TimeSpan.FromMilliseconds(ConfigurationCatalog.KeepAlive.Maximum));
        return DurationText.TryParseKeepAlive(text, out TimeSpan time) && time.TotalMilliseconds <= ConfigurationCatalog.KeepAlive.Maximum
            ? text
            : throw FlagError.Of(flag, text, "is not a time such as 10m (at most 8760h), 0 to stop the model after each response, or -1 for no limit");
    }

    private static void RequireUnit(string flag, string text, TimeSpan maximum)
    {
        if (DurationText.LacksUnit(text))
            throw FlagError.Of(flag, text, $"has no unit; {DurationText.WithUnits(text, maximum: maximum)}");
    }
}
