namespace ModelRunner.Testing.Registries;

/// <summary>A request that a <see cref="TokenServer"/> got.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Authorization">Its header; empty: there was none.</param>
/// <param name="Scopes">What it asked for.</param>
/// <param name="Grant">The type of its grant; empty: it was no form.</param>
internal sealed record TokenRequest(string Method, string Authorization, IReadOnlyList<string> Scopes, string Grant);
