using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>The error of a flag whose value is not accepted.</summary>
internal static class FlagError
{
    private const int MaxShown = 80;

    /// <summary>Names the flag and the value.</summary>
    /// <param name="flag">The flag.</param>
    /// <param name="text">Its value, as the user wrote it.</param>
    /// <param name="problem">What is wrong, a clause that follows the value.</param>
    public static CliFailure Of(string flag, string text, string problem) =>
        new($"{flag}: \"{PlainText.EscapeAndCut(text, MaxShown)}\" {problem}", ExitCode.Usage);
}
