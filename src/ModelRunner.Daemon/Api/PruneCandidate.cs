using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>A pulled model that a prune may remove.</summary>
/// <param name="Entry">The model.</param>
/// <param name="Name">Its first name, for people.</param>
/// <param name="Files">Its files with the bytes that become free with the last model that has them.</param>
/// <param name="LastUsed">When it had its last request, or was pulled if that is later.</param>
/// <param name="Protection">Why it is never removed, a clause; null: it may be.</param>
/// <param name="LinkedBytes">Bytes of its files that another program has too, so that they never become free.</param>
internal sealed record PruneCandidate(
    StoreEntry Entry, string Name, IReadOnlyList<KeyValuePair<Digest, long>> Files, DateTimeOffset LastUsed, string? Protection,
    long LinkedBytes = 0);
