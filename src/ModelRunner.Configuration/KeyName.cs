using System.Buffers;

namespace ModelRunner.Configuration;

/// <summary>The names of keys. They are values of the label <c>key</c>.</summary>
internal static class KeyName
{
    /// <summary>The most characters.</summary>
    public const int MaxLength = 64;

    /// <summary>Requests without a key.</summary>
    public const string None = "none";

    /// <summary>The key of the option <c>apiKey</c>.</summary>
    public const string Default = "default";

    /// <summary>The sum of keys that have no series of their own.</summary>
    public const string Other = "other";

    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Why a text cannot be the name of a key, and what to write; null: it can.</summary>
    public static (string Reason, string Remedy)? FindProblem(string name)
    {
        if (name.Length is 0 or > MaxLength || name.AsSpan().ContainsAnyExcept(Characters) || !char.IsAsciiLetterOrDigit(name[0]))
        {
            return ("cannot be the name of a key",
                $"write 1 to {MaxLength} lower-case letters, digits, dots, dashes and underscores, and begin with a letter or a digit");
        }

        return name is None or Default or Other ? ("is a name that the daemon uses itself", "choose another name") : null;
    }
}
