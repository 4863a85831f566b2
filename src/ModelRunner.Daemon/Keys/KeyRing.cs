using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Keys;

/// <summary>All keys of one version of the settings. Immutable.</summary>
internal sealed class KeyRing
{
    private readonly (KeyDigest Digest, Caller Caller)[] _keys;

    /// <param name="apiKey">The key with all rights; null: none.</param>
    /// <param name="named">The named keys.</param>
    /// <param name="isRequired">Whether clients on TCP must send a key, also if there is none.</param>
    public KeyRing(string? apiKey, IReadOnlyList<KeySettings> named, bool isRequired)
    {
        _keys =
        [
            .. apiKey is null ? [] : (ReadOnlySpan<(KeyDigest, Caller)>)[(KeyDigest.Of(apiKey), Caller.Default)],
            .. named.Select(static key => (key.Digest, new Caller(key.Name, key))),
        ];
        Named = named;
        (IsRequired, HasNames, HasOneKeyForAll) = (isRequired, named.Count > 0, apiKey is not null && named.Count == 0);
    }

    /// <summary>The named keys.</summary>
    public IReadOnlyList<KeySettings> Named { get; }

    /// <summary>Whether clients on TCP must send a key.</summary>
    public bool IsRequired { get; }

    /// <summary>Whether there are named keys.</summary>
    public bool HasNames { get; }

    /// <summary>Whether the key of the option <c>apiKey</c> is the only one.</summary>
    public bool HasOneKeyForAll { get; }

    /// <summary>
    /// Finds the owner of a key; null: nobody has it. All keys are compared by their digests, whichever of them fits, so the time tells nothing
    /// about any key.
    /// </summary>
    public Caller? Find(string key)
    {
        if (key.Length is 0 or > KeyDigest.MaxKeyLength)
            return null;
        var digest = KeyDigest.Of(key);
        Caller? found = null;
        foreach ((KeyDigest known, Caller caller) in _keys)
            found = digest.IsSameAs(known) ? caller : found;
        return found;
    }
}
