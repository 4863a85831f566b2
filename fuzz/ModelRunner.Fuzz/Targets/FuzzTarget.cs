namespace ModelRunner.Fuzz.Targets;

/// <summary>Something that must hold for every input. The check throws where it does not.</summary>
internal sealed record FuzzTarget(string Name, Action<byte[]> Check)
{
    /// <summary>All targets. Their names are those of the command line.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("oracle", OracleTarget.OneSource),
        new("merge", OracleTarget.ManySources),
        new("page", PageTarget.IsValidAndStable),
        new("strict", ReadingTarget.StrictIsLenient),
        new("negotiation", NegotiationTarget.AnswersAnything),
        new("response", ResponseTarget.FiguresAreRight),
    ];
}
