namespace ModelRunner.LlamaHost.Grammars;

/// <summary>In how many ways a part of a grammar matches the empty text: none, one, or several.</summary>
/// <param name="Count">Counts the ways, up to 2 for several, once those of the rules are known.</param>
internal sealed record EmptyMatch(Func<Func<string, int>, int> Count)
{
    private const int Several = 2;

    /// <summary>It does not match.</summary>
    public static EmptyMatch Never { get; } = new(_ => 0);

    /// <summary>It matches in one way.</summary>
    public static EmptyMatch Once { get; } = new(_ => 1);

    /// <summary>A rule by its name.</summary>
    public static EmptyMatch Rule(string name) => new(rules => rules(name));

    /// <summary>One of several parts.</summary>
    public static EmptyMatch Any(IReadOnlyList<EmptyMatch> parts) => new(rules => Math.Min(Several, parts.Sum(part => part.Count(rules))));

    /// <summary>Several parts one after the other.</summary>
    public static EmptyMatch All(IReadOnlyList<EmptyMatch> parts) =>
        new(rules => parts.Aggregate(1, (ways, part) => Math.Min(Several, ways * part.Count(rules))));

    /// <summary>A part that may be left out.</summary>
    public static EmptyMatch Optional(EmptyMatch part) => new(rules => part.Count(rules) > 0 ? Several : 1);

    /// <summary>A part that occurs once or more.</summary>
    public static EmptyMatch Repeated(EmptyMatch part) => new(rules => part.Count(rules) > 0 ? Several : 0);
}
