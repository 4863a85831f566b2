using System.CommandLine;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary>The flag that limits the rate of one pull. It accepts what the option of the daemon for all pulls accepts.</summary>
internal static class LimitFlag
{
    private const string Name = "--limit";

    /// <summary>Makes the flag for a command.</summary>
    public static Option<string> Make() => new(Name) { Description = "The most bytes per second of the pull, such as 20MB/s", HelpName = "RATE" };

    /// <summary>Checks the rate.</summary>
    /// <param name="text">What was written; null: nothing.</param>
    /// <returns>The text.</returns>
    /// <exception cref="CliFailure">It is no rate, or has no unit.</exception>
    public static string? Check(string? text) =>
        text is not null && RateText.Check(text, ConfigurationCatalog.PullLimit, out _) is { } problem ? throw FlagError.Of(Name, text, problem) : text;
}
