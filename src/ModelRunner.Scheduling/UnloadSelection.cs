namespace ModelRunner.Scheduling;

/// <summary>Which runners to unload. An empty filter matches everything.</summary>
/// <param name="Backend">Only runners of this backend; null for all.</param>
/// <param name="Models">Only runners of these canonical model references, in every mode; null for all.</param>
public sealed record UnloadSelection(string? Backend, IReadOnlyCollection<string>? Models);
