using System.CommandLine;
using System.CommandLine.Parsing;
using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Finds errors in a command line and reports them in sentences that name the nearest valid word.</summary>
internal static class UsageCheck
{
    /// <summary>The name of the program.</summary>
    public const string Program = "model-runner";

    private const int MaxShown = 80;

    /// <summary>All errors; empty if there are none.</summary>
    public static IReadOnlyList<string> Check(ParseResult parsed, RootCommand root)
    {
        Command command = parsed.CommandResult.Command;
        string[] words = [.. parsed.UnmatchedTokens.Concat(FlagsAmongArguments(parsed)).Distinct(StringComparer.Ordinal)];
        string[] flags = [.. words.Where(IsFlag)];

        // The value of an unknown flag is left over too; reporting it would add nothing.
        if (flags.Length > 0)
            return [.. flags.Select(flag => UnknownFlag(flag, command, root))];
        if (words.Length > 0 && command.Subcommands.Count > 0)
            return [UnknownCommand(words[0], command)];
        if (words.Length > 0)
            return [$"\"{NameOf(command)}\" does not accept \"{words[0]}\""];

        return [.. parsed.Errors.Select(error => Describe(error, command)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The error of a command whose model is missing.</summary>
    public static string NeedsModel(Command command) => command is PullCommand
        ? $"\"{NameOf(command)}\" needs the name of a model, such as ai/smollm2 or hf.co/ORG/REPO"
        : $"\"{NameOf(command)}\" needs the name of a model; \"{Program} ls\" lists the models";

    /// <summary>The error of a command whose model may be left out, and is empty.</summary>
    public static string EmptyModel(Command command) => $"\"{NameOf(command)}\" does not accept an empty name; leave it out for all models";

    /// <summary>The error of an unknown command.</summary>
    /// <param name="word">What was written in its place.</param>
    /// <param name="parent">The program, or the command that has commands of its own.</param>
    public static string UnknownCommand(string word, Command parent)
    {
        string before = parent is RootCommand ? "" : parent.Name + " ";
        string? closest = Spelling.Closest(word, parent.Subcommands.SelectMany(static command => command.Aliases.Append(command.Name)));
        string help = parent is RootCommand ? $"{Program} help" : $"{NameOf(parent)} --help";
        return $"there is no command \"{before}{word}\"; " + (closest is null ? $"\"{help}\" lists the commands" : $"did you mean \"{before}{closest}\"?");
    }

    /// <summary>The full name of a command.</summary>
    public static string NameOf(Command command) =>
        command is RootCommand || command.Parents.OfType<Command>().FirstOrDefault() is not { } parent ? Program : $"{NameOf(parent)} {command.Name}";

    private static string Describe(ParseError error, Command command) => error.SymbolResult switch
    {
        ArgumentResult { Tokens.Count: 0, Parent: CommandResult } when command is KeysFileCommand => $"\"{NameOf(command)}\" needs the name of a key",
        ArgumentResult { Tokens.Count: 0, Parent: CommandResult } => NeedsModel(command),
        CommandResult when command.Subcommands.Count > 0 && command is not RootCommand =>
            $"\"{NameOf(command)}\" needs one of the commands {string.Join(", ", command.Subcommands.Select(static inner => inner.Name))}",
        OptionResult { Implicit: true } option => $"\"{NameOf(command)}\" needs {option.Option.Name} {option.Option.HelpName}",
        OptionResult { Tokens.Count: 0 } option => $"\"{option.Option.Name}\" needs a value",
        ArgumentResult { Tokens.Count: 0, Parent: OptionResult option } => $"\"{option.Option.Name}\" needs a value",
        ArgumentResult { Tokens: [var token], Parent: OptionResult { Option: Option<int?> option } } => NoNumber(option, token),
        OptionResult { Tokens: [var token], Option: Option<int?> option } => NoNumber(option, token),
        _ => error.Message,
    };

    private static string NoNumber(Option option, Token token) => $"{option.Name}: \"{PlainText.EscapeAndCut(token.Value, MaxShown)}\" is not a whole number";

    private static string UnknownFlag(string word, Command command, RootCommand root)
    {
        string name = word.Split('=', 2)[0];
        if (NamesOf(command.Options).Contains(name, StringComparer.Ordinal))
            return $"\"{name}\" stands before its command; write it after \"{NameOf(command)}\"";

        IEnumerable<string> known = NamesOf(command.Options.Concat(root.Options.Where(static option => option.Recursive)));
        string? closest = Spelling.Closest(name.TrimStart('-'), known.Select(static flag => flag.TrimStart('-')).Where(static flag => flag.Length > 1));
        string remedy = closest is null ? $"\"{NameOf(command)} --help\" lists its flags" : $"did you mean \"--{closest}\"?";
        string hint = command.Arguments.Count > 0 ? " (write -- before text that begins with a dash)" : "";
        return $"\"{NameOf(command)}\" has no flag \"{name}\"; {remedy}{hint}";
    }

    private static IEnumerable<string> NamesOf(IEnumerable<Option> options) =>
        options.SelectMany(static option => option.Aliases.Append(option.Name));

    // The parser takes an unknown flag as an argument if the command has one. Everything after "--" is an argument.
    private static IEnumerable<string> FlagsAmongArguments(ParseResult parsed)
    {
        Token[] arguments = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(static argument => argument.Tokens)];
        int behind = parsed.Tokens.Reverse().TakeWhile(static token => token.Type != TokenType.DoubleDash).Count();
        bool hasDoubleDash = behind < parsed.Tokens.Count;
        return arguments.Take(hasDoubleDash ? Math.Max(0, arguments.Length - behind) : arguments.Length)
            .Select(static token => token.Value).Where(IsFlag);
    }

    private static bool IsFlag(string word) => word.Length > 1 && word[0] == '-';
}
