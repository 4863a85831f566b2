namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// What a token allows, for example <c>repository:ai/smollm2:pull,push</c>. Several scopes of one resource are one scope with all actions.
/// </summary>
internal sealed class RegistryScopes
{
    private readonly SortedDictionary<string, SortedSet<string>> _actions = new(StringComparer.Ordinal);

    private RegistryScopes()
    {
    }

    /// <summary>Each resource once, in a fixed order.</summary>
    public IReadOnlyList<string> Items => [.. _actions.Select(static entry => $"{entry.Key}:{string.Join(',', entry.Value)}")];

    /// <summary>Reading a repository.</summary>
    public static RegistryScopes Pull(string repository) => Parse($"repository:{repository}:pull");

    /// <summary>Writing to a repository.</summary>
    public static RegistryScopes Push(string repository) => Parse($"repository:{repository}:pull,push");

    /// <summary>Reads scopes that are separated by spaces.</summary>
    public static RegistryScopes Parse(string text)
    {
        var scopes = new RegistryScopes();
        foreach (string item in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            // The resource itself can have a colon: that of a port.
            int colon = item.LastIndexOf(':');
            string resource = colon < 0 ? item : item[..colon];
            if (!scopes._actions.TryGetValue(resource, out SortedSet<string>? actions))
                scopes._actions[resource] = actions = new SortedSet<string>(StringComparer.Ordinal);
            actions.UnionWith(colon < 0 ? [] : item[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries));
        }

        return scopes;
    }

    /// <summary>Both together.</summary>
    public RegistryScopes With(RegistryScopes other) => Parse($"{this} {other}");

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Items);
}
