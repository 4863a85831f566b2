namespace ModelRunner.Scheduling;

/// <summary>Selects the runners to unload. A null filter matches everything.</summary>
/// <param name="Backend">Only runners of this backend; null for all.</param>
/// <param name="Models">Only runners of these canonical model references, in every mode; null for all.</param>
public sealed record UnloadSelection(string? Backend, IReadOnlyCollection<string>? Models)
{
    /// <summary>Whether the runner is selected.</summary>
    public bool Matches(RunnerKey key) =>
        (Backend is null || string.Equals(Backend, key.Backend, StringComparison.Ordinal))
        && (Models is null || Models.Contains(key.Model, StringComparer.Ordinal));
}
