namespace ModelRunner.Daemon.Api;

/// <summary>The result of a prune.</summary>
/// <param name="Removed">What was removed, or would be.</param>
/// <param name="Kept">What a limit would remove and is protected.</param>
/// <param name="Bytes">What the pulled models occupy afterwards.</param>
internal sealed record PruneOutcome(IReadOnlyList<PrunedItem> Removed, IReadOnlyList<PrunedItem> Kept, long Bytes);
