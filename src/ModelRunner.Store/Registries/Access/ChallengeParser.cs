using System.Buffers;
using System.Text;

namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Reads the header <c>WWW-Authenticate</c>. One header can hold several challenges, and a comma is in it between challenges, between
/// parameters, and inside quoted text.
/// </summary>
internal static class ChallengeParser
{
    // A server has no reason to send more.
    private const int MaxLength = 16 * 1024;
    private const int MaxChallenges = 16;
    private const int MaxParameters = 32;

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Reads all challenges of a response. Reading of a line stops at the first text that is not a challenge.</summary>
    public static IReadOnlyList<AuthChallenge> Parse(IEnumerable<string> lines)
    {
        var challenges = new List<AuthChallenge>();
        foreach (string line in lines)
            if (line.Length <= MaxLength)
                Read(line, challenges);
        return challenges;
    }

    private static void Read(ReadOnlySpan<char> rest, List<AuthChallenge> challenges)
    {
        while (challenges.Count < MaxChallenges)
        {
            rest = rest.TrimStart(" \t,");
            string scheme = TakeToken(ref rest);
            if (scheme.Length == 0)
                return;
            var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
            rest = rest.TrimStart(" \t");
            while (parameters.Count < MaxParameters && TryTakeParameter(ref rest, out string name, out string value))
                parameters.TryAdd(name, value);
            challenges.Add(new AuthChallenge(scheme.ToLowerInvariant(), parameters));

            // A challenge may have one value without a name instead of parameters (Negotiate). It is of no use here.
            int end = rest.IndexOf(',');
            if (end < 0)
                return;
            rest = rest[end..];
        }
    }

    // A word with an equals sign behind it is a parameter. One without is the scheme of the next challenge.
    private static bool TryTakeParameter(ref ReadOnlySpan<char> rest, out string name, out string value)
    {
        value = "";
        ReadOnlySpan<char> ahead = rest.TrimStart(" \t,");
        name = TakeToken(ref ahead).ToLowerInvariant();
        ahead = ahead.TrimStart(" \t");
        if (name.Length == 0 || !ahead.StartsWith('='))
            return false;
        ahead = ahead[1..].TrimStart(" \t");
        if (ahead.StartsWith('='))
            return false;
        value = ahead.StartsWith('"') ? TakeQuoted(ref ahead) : TakeToken(ref ahead);
        rest = ahead;
        return true;
    }

    private static string TakeToken(ref ReadOnlySpan<char> rest)
    {
        int end = rest.IndexOfAnyExcept(TokenCharacters);
        string token = (end < 0 ? rest : rest[..end]).ToString();
        rest = rest[token.Length..];
        return token;
    }

    private static string TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        var text = new StringBuilder();
        int index = 1;
        for (; index < rest.Length && rest[index] != '"'; index++)
        {
            if (rest[index] == '\\' && index + 1 < rest.Length)
                index++;
            text.Append(rest[index]);
        }

        rest = rest[Math.Min(index + 1, rest.Length)..];
        return text.ToString();
    }
}
