namespace ModelRunner.Store.Registries.Access;

/// <summary>What a server wants before it answers (RFC 9110, section 11.6.1).</summary>
/// <param name="Scheme">The scheme in lower case: <c>basic</c>, <c>bearer</c>.</param>
/// <param name="Parameters">Its parameters; the names in lower case.</param>
internal sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>A parameter; null: it is not there.</summary>
    public string? Get(string name) => Parameters.GetValueOrDefault(name);
}
