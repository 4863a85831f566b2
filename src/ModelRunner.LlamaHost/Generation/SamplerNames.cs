namespace ModelRunner.LlamaHost.Generation;

/// <summary>llama-server's names for samplers.</summary>
internal static class SamplerNames
{
    private static readonly (string Name, SamplerKind Kind)[] Names =
    [
        ("penalties", SamplerKind.Penalties), ("dry", SamplerKind.Dry), ("top_n_sigma", SamplerKind.TopNSigma),
        ("top_k", SamplerKind.TopK), ("typ_p", SamplerKind.TypicalP), ("typical_p", SamplerKind.TypicalP), ("top_p", SamplerKind.TopP),
        ("min_p", SamplerKind.MinP), ("xtc", SamplerKind.Xtc), ("temperature", SamplerKind.Temperature), ("temp", SamplerKind.Temperature),
        ("adaptive_p", SamplerKind.AdaptiveP),
    ];

    /// <summary>The error message for an unknown name.</summary>
    public const string Known =
        "made of the samplers penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature and adaptive_p, each once";

    /// <summary>Reads a list of names; null: a name is unknown or occurs twice.</summary>
    public static IReadOnlyList<SamplerKind>? Parse(IEnumerable<string> names)
    {
        var order = new List<SamplerKind>();
        foreach (string name in names)
        {
            int at = Array.FindIndex(Names, known => known.Name == name.Trim().Replace('-', '_'));
            if (at < 0 || order.Contains(Names[at].Kind))
                return null;
            order.Add(Names[at].Kind);
        }

        return order;
    }
}
