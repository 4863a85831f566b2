namespace ModelRunner.Testing.Registries;

/// <summary>A request that a <see cref="FaultProxy"/> got.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="Fault">What was done to it; null: nothing.</param>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, FaultKind? Fault)
{
    /// <summary>A header; null: it had none.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
