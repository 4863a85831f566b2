using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Keys;

/// <summary>Who sent a request, and what this caller may do. Immutable.</summary>
/// <param name="Name">The name of the key, or one of the fixed names of <see cref="Configuration.KeyName"/>.</param>
/// <param name="Key">The settings of the key; null: nothing is restricted.</param>
internal sealed record Caller(string Name, KeySettings? Key = null)
{
    /// <summary>A request without a key: from the owner of the Unix socket, or to a daemon that requires none.</summary>
    public static Caller WithoutKey { get; } = new(Configuration.KeyName.None);

    /// <summary>The key of the option <c>apiKey</c>.</summary>
    public static Caller Default { get; } = new(Configuration.KeyName.Default);

    /// <summary>The name of the key; null: the request has none.</summary>
    public string? KeyName => Name == Configuration.KeyName.None ? null : Name;

    /// <summary>Whether only some models may be used.</summary>
    public bool HasOnlySomeModels => Key is { Models.Count: > 0 };

    /// <summary>Who sent a request that has passed the check of its key.</summary>
    public static Caller Of(HttpContext context) => context.Features.Get<Caller>() ?? WithoutKey;

    /// <summary>Whether one of these scopes is allowed.</summary>
    public bool Has(KeyScopes scope) => Key is null || (Key.Scopes & scope) != KeyScopes.None;

    /// <summary>Whether the key has expired.</summary>
    public bool IsExpired(DateTimeOffset now) => Key?.ExpiresAt <= now;
}
