using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>A named key: who may send requests, which ones, and how many.</summary>
/// <param name="Name">Its name, which is shown.</param>
/// <param name="Digest">The digest of the key itself.</param>
internal sealed record KeySettings(string Name, KeyDigest Digest)
{
    public KeyScopes Scopes { get; init; } = KeyScopes.Inference;

    /// <summary>The models that it may use; empty: all.</summary>
    public IReadOnlyList<ModelPattern> Models { get; init; } = [];

    /// <summary>The most inference requests in flight; null: any number.</summary>
    public int? Concurrency { get; init; }

    /// <summary>The highest class of its requests.</summary>
    public RequestPriority Priority { get; init; }

    /// <summary>The tokens of a day in UTC, after which requests are refused; null: any number.</summary>
    public long? TokensPerDay { get; init; }

    /// <summary>The tokens of a month in UTC, after which requests are refused; null: any number.</summary>
    public long? TokensPerMonth { get; init; }

    /// <summary>From when on it is refused; null: never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether both say the same.</summary>
    public bool IsSameAs(KeySettings other) =>
        Name == other.Name && Digest.IsSameAs(other.Digest) && Scopes == other.Scopes && Priority == other.Priority && Concurrency == other.Concurrency
        && TokensPerDay == other.TokensPerDay && TokensPerMonth == other.TokensPerMonth && ExpiresAt == other.ExpiresAt
        && Models.Select(static model => model.Text).SequenceEqual(other.Models.Select(static model => model.Text), StringComparer.Ordinal);
}
