using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>Checks the context size that an artifact gets.</summary>
internal static class ContextFlag
{
    /// <summary>Checks a number of tokens.</summary>
    /// <param name="tokens">What was written; null: nothing.</param>
    /// <returns>The number.</returns>
    /// <exception cref="CliFailure">No runner can have so many.</exception>
    public static int? Check(int? tokens) => tokens is < 1 or > ModelsSection.MaxContextSize
        ? throw new CliFailure($"--context-size is {tokens}; it must be a number of tokens from 1 to {ModelsSection.MaxContextSize}", ExitCode.Usage)
        : tokens;
}
