using System.Buffers;

namespace ModelRunner.Daemon.Api;

/// <summary>A runner's arguments as clients may see them: without secrets, and with only the last part of each path of this machine.</summary>
internal static class ShownArguments
{
    private const string Hidden = "***";

    private static readonly SearchValues<char> VariableCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private static readonly string[] WordsOfSecrets = ["key", "token", "secret", "password"];

    /// <summary>The arguments in their order.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<string> arguments)
    {
        bool isSecret = false;
        foreach (string argument in arguments)
        {
            bool isFlag = argument.StartsWith('-');
            int equals = isFlag || IsVariable(argument) ? argument.IndexOf('=', StringComparison.Ordinal) : -1;
            if (isSecret && !isFlag)
                yield return Hidden;
            else if (equals > 0)
                yield return argument[..(equals + 1)] + (NamesSecret(argument[..equals]) ? Hidden : WithoutFolder(argument[(equals + 1)..]));
            else
                yield return WithoutFolder(argument);

            isSecret = isFlag && equals < 0 && NamesSecret(argument);
        }
    }

    // "--keep" and "--cache-type-k" contain no key: the words of secrets stand alone between dashes, as in "--api-key-file".
    private static bool NamesSecret(string flag) =>
        flag.Split('-', '_').Any(static part => WordsOfSecrets.Contains(part, StringComparer.OrdinalIgnoreCase));

    // The command of an engine may begin with env and variables.
    private static bool IsVariable(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && word.AsSpan(0, equals).IndexOfAnyExcept(VariableCharacters) < 0;

    // Only an absolute path begins with a slash; "a/b", a template or JSON does not. The path of a folder may end with one.
    private static string WithoutFolder(string text) =>
        text.StartsWith('/') && Path.GetFileName(text.AsSpan().TrimEnd('/')) is { IsEmpty: false } name ? name.ToString() : text;
}
