using ModelRunner.LlamaHost.Http;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Refuses grammars of clients with which llama.cpp would compute without end. llama.cpp follows every way in which a part can match the
/// empty text, and the number of ways multiplies: for <c>("a"? | "b"?){0,100}</c> there are more than 10^30 ways.
/// </summary>
internal static class GbnfCheck
{
    /// <summary>The longest grammar in characters.</summary>
    public const int MaxCharacters = 65_536;

    /// <summary>Checks a grammar.</summary>
    /// <exception cref="ApiException">It exceeds a limit, would be cut, or matches the empty text in several ways.</exception>
    public static void Check(string grammar)
    {
        if (grammar.Contains('\0'))
            throw ApiException.Invalid("\"grammar\" has a zero character, which ends a text for llama.cpp; leave it out");
        if (grammar.Length > MaxCharacters)
        {
            throw ApiException.Invalid(FormattableString.Invariant(
                $"\"grammar\" has {grammar.Length} characters; at most {MaxCharacters} can be used"));
        }

        var reader = new GbnfReader(grammar);
        IReadOnlyDictionary<string, EmptyMatch> rules = reader.Read();
        var ways = rules.Keys.ToDictionary(name => name, _ => 0, StringComparer.Ordinal);
        bool hasChanged = true;
        while (hasChanged)
        {
            // The numbers only grow, and not beyond 2, so the loop ends.
            hasChanged = false;
            foreach ((string name, EmptyMatch match) in rules)
            {
                int count = match.Count(other => ways.GetValueOrDefault(other));
                hasChanged |= count != ways[name];
                ways[name] = count;
            }
        }

        if (reader.Parts.Any(part => part.Count(other => ways.GetValueOrDefault(other)) > 1))
        {
            throw ApiException.Invalid("\"grammar\" has a part that matches the empty text in several ways, such as (\"a\"?)*; "
                + "make what is repeated or chosen match at least one character");
        }
    }
}
