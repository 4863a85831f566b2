using System.Text.RegularExpressions;

namespace ModelRunner.Configuration;

/// <summary>
/// The words of a command with placeholders: one word in braces, such as <c>{socket}</c>. All other braces stay as they are: JSON, double braces
/// as in <c>{{name}}</c>, and variables of a shell as in <c>${name}</c>.
/// </summary>
internal static partial class CommandTemplate
{
    /// <summary>The absolute path of the Unix socket to listen on.</summary>
    public const string Socket = "socket";

    /// <summary>The port on 127.0.0.1 to listen on.</summary>
    public const string Port = "port";

    /// <summary>The absolute path of the model.</summary>
    public const string Path = "path";

    /// <summary>The name by which the server knows the model.</summary>
    public const string Name = "name";

    /// <summary>All placeholders.</summary>
    public static IReadOnlyList<string> Known { get; } = [Socket, Port, Path, Name];

    /// <summary>The names of the placeholders in a word, known and unknown ones.</summary>
    public static IEnumerable<string> Placeholders(string word) => Pattern().Matches(word).Select(static match => match.Groups["name"].Value);

    /// <summary>Replaces the placeholders that have a value. Braces in a value are not replaced again.</summary>
    public static string Fill(string word, Func<string, string?> valueOf) =>
        Pattern().Replace(word, match => valueOf(match.Groups["name"].Value) ?? match.Value);

    [GeneratedRegex(
        @"(?<![{$])\{(?<name>[A-Za-z][A-Za-z0-9_-]*)\}|(?<!\$)\{(?<name>[A-Za-z][A-Za-z0-9_-]*)\}(?!\})",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
