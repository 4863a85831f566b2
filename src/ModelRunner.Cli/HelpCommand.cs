using System.CommandLine;

namespace ModelRunner.Cli;

/// <summary>
/// <c>model-runner help</c>: the same as <c>--help</c>, which replaces it before parsing. The command exists so that the help lists it.
/// </summary>
internal sealed class HelpCommand : Command
{
    public const string CommandName = "help";

    public HelpCommand()
        : base(CommandName, "Show how the program or one of its commands is used") =>
        Add(new Argument<string?>("COMMAND") { Description = "The command, such as ls, or key add", Arity = ArgumentArity.ZeroOrOne });

    /// <summary>Replaces <c>help</c>, and an empty command line, by <c>--help</c>.</summary>
    public static string[] Rewrite(string[] arguments) => arguments switch
    {
        [] or [CommandName] => ["--help"],
        [CommandName, .. var path] when !Array.Exists(path, static word => word.StartsWith('-')) => [.. path, "--help"],
        _ => arguments,
    };
}
