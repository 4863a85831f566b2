using System.Globalization;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary>Decides which pulled models a prune removes. It reads and changes nothing.</summary>
/// <param name="Removed">The models that go, in the order in which they are removed.</param>
/// <param name="Kept">Models that a limit would remove and that are protected.</param>
/// <param name="Bytes">What the pulled models occupy afterwards.</param>
internal sealed record PrunePlan(IReadOnlyList<PrunedItem> Removed, IReadOnlyList<PrunedItem> Kept, long Bytes)
{
    /// <summary>Chooses the least recently used models first.</summary>
    public static PrunePlan Make(IReadOnlyList<PruneCandidate> candidates, PruneLimits limits, DateTimeOffset now)
    {
        var sizes = new Dictionary<Digest, long>();
        var users = new Dictionary<Digest, int>();
        foreach ((Digest file, long bytes) in candidates.SelectMany(static candidate => candidate.Files))
            (sizes[file], users[file]) = (bytes, users.GetValueOrDefault(file) + 1);
        long total = sizes.Values.Sum();
        var removed = new List<PrunedItem>();
        var kept = new List<PrunedItem>();
        foreach (PruneCandidate candidate in candidates
            .OrderBy(static candidate => candidate.LastUsed).ThenBy(static candidate => candidate.Name, StringComparer.Ordinal))
        {
            if (Reason(candidate, limits, total, now) is not { } reason)
                continue;
            if (candidate.Protection is { } protection)
            {
                kept.Add(new PrunedItem("model", candidate.Name, candidate.Files.Sum(static file => file.Value), protection, candidate.Entry));
                continue;
            }

            long freed = 0;
            foreach ((Digest file, long bytes) in candidate.Files)
                freed += --users[file] == 0 ? bytes : 0;
            total -= freed;
            removed.Add(new PrunedItem("model", candidate.Name, freed, reason + Linked(candidate), candidate.Entry));
        }

        return new PrunePlan(removed, kept, total);
    }

    private static string Linked(PruneCandidate candidate) => candidate.LinkedBytes == 0
        ? ""
        : $"; {FileSizeText.Format(candidate.LinkedBytes)} stay occupied, because another program has the same file";

    private static string? Reason(PruneCandidate candidate, PruneLimits limits, long total, DateTimeOffset now)
    {
        string since = candidate.LastUsed.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        if (limits.UnusedFor is { } age && now - candidate.LastUsed >= age)
            return $"not used since {since} UTC";

        // To remove a model whose space stays occupied brings the sum no nearer to the limit.
        return limits.KeepUnder is { } limit && total > limit && candidate.Files.Any(static file => file.Value > 0)
            ? $"the least recently used one, since {since} UTC; the models occupy {FileSizeText.Format(total)} of {FileSizeText.Format(limit)}"
            : null;
    }
}
