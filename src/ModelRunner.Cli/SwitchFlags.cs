using System.CommandLine;
using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>Switches of client commands with a value, such as <c>--json=yes</c>. The parser itself reads only true and false.</summary>
internal static class SwitchFlags
{
    private const int MaxShown = 120;

    /// <summary>Replaces the values by those that the parser reads; a value that is neither on nor off becomes a problem.</summary>
    public static string[] Rewrite(string[] arguments, RootCommand root, List<string> problems)
    {
        Command? command = root.Subcommands.FirstOrDefault(
            command => arguments.Length > 0 && (command.Name == arguments[0] || command.Aliases.Contains(arguments[0])));
        if (command is null)
            return arguments;
        for (int i = 1; i < arguments.Length && command.Subcommands.FirstOrDefault(inner => inner.Name == arguments[i]) is { } inner; i++)
            command = inner;

        string[] switches = [.. command.Options.OfType<Option<bool>>().SelectMany(static option => option.Aliases.Append(option.Name))];
        int end = Array.IndexOf(arguments, "--");
        string[] rewritten = [.. arguments];
        for (int i = 1; i < (end < 0 ? arguments.Length : end); i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            if (parts.Length < 2 || !switches.Contains(parts[0], StringComparer.Ordinal))
                continue;
            if (SwitchText.TryParse(parts[1], out bool isOn))
                rewritten[i] = isOn ? $"{parts[0]}=true" : $"{parts[0]}=false";
            else
                problems.Add($"{parts[0]}: \"{PlainText.EscapeAndCut(parts[1], MaxShown)}\" is not {SwitchText.Expected}");
        }

        return rewritten;
    }
}
