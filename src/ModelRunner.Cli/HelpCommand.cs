using System.CommandLine;

namespace ModelRunner.Cli;

/// <summary>
/// <c>model-runner help</c>: as <c>--help</c>, which the command line makes of it before it is parsed. It is here to be listed and found.
/// </summary>
internal sealed class HelpCommand : Command
{
    public const string CommandName = "help";

    public HelpCommand()
        : base(CommandName, "Show how the program or one of its commands is used") =>
        Add(new Argument<string?>("COMMAND") { Description = "The command", Arity = ArgumentArity.ZeroOrOne });

    /// <summary>Writes <c>help</c>, and no argument at all, as <c>--help</c>.</summary>
    public static string[] Rewrite(string[] arguments) => arguments switch
    {
        [] or [CommandName] => ["--help"],
        [CommandName, var command] when !command.StartsWith('-') => [command, "--help"],
        _ => arguments,
    };
}
