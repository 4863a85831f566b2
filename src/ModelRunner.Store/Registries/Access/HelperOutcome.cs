namespace ModelRunner.Store.Registries.Access;

/// <summary>What a credential helper answered.</summary>
/// <param name="Credential">The credentials; null: it has none, or failed.</param>
/// <param name="Problem">Why it failed, as a clause; null: it did not fail.</param>
internal sealed record HelperOutcome(RegistryCredential? Credential, string? Problem)
{
    /// <summary>It works, and knows nothing of the host.</summary>
    public static HelperOutcome None { get; } = new(null, null);

    public static HelperOutcome Failed(string problem) => new(null, problem);
}
