namespace ModelRunner.Configuration;

/// <summary>The words for scopes.</summary>
internal static class KeyScopeText
{
    /// <summary>The words, as a problem names them.</summary>
    public const string Expected = "inference, metrics or admin";

    private static readonly (KeyScopes Scope, string Word)[] Words =
        [(KeyScopes.Inference, "inference"), (KeyScopes.Metrics, "metrics"), (KeyScopes.Admin, "admin")];

    /// <summary>The words of the scopes, in a fixed order.</summary>
    public static IReadOnlyList<string> Format(KeyScopes scopes) =>
        [.. Words.Where(word => scopes.HasFlag(word.Scope)).Select(static word => word.Word)];

    /// <summary>Reads one word.</summary>
    public static bool TryParse(string text, out KeyScopes scope)
    {
        scope = Words.FirstOrDefault(word => word.Word == text).Scope;
        return scope != KeyScopes.None;
    }
}
