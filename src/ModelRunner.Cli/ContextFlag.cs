using System.Globalization;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>Checks the context size that an artifact or a model gets.</summary>
internal static class ContextFlag
{
    private const string Name = "--context-size";

    /// <summary>Checks a number of tokens.</summary>
    /// <param name="tokens">What was written; null: nothing.</param>
    /// <returns>The number.</returns>
    /// <exception cref="CliFailure">No runner can have so many.</exception>
    public static int? Check(int? tokens) => tokens is < 1 or > ModelsSection.MaxContextSize
        ? throw FlagError.Of(
            Name, tokens.Value.ToString(CultureInfo.InvariantCulture), $"is not a number of tokens from 1 to {ModelsSection.MaxContextSize}")
        : tokens;

    /// <summary>
    /// Checks the setting of a model. The daemon accepts 0 as "not set", because older clients of Docker Model Runner send it. On a command line it
    /// would be without effect.
    /// </summary>
    /// <param name="text">What was written; null: nothing.</param>
    /// <returns>The number; null: it is <c>auto</c>, or nothing was written.</returns>
    /// <exception cref="CliFailure">It is something else.</exception>
    public static int? CheckSetting(string? text)
    {
        if (text is null or "auto")
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int tokens)
            && tokens is -1 or (>= 1 and <= ModelsSection.MaxContextSize)
            ? tokens
            : throw FlagError.Of(
                Name, text,
                $"is not a number of tokens from 1 to {ModelsSection.MaxContextSize}, -1 for the whole context of the model, or auto for the largest "
                + "that fits; --reset returns to the configured one");
    }
}
