namespace ModelRunner.Daemon.Models;

/// <summary>What one look at all models saw.</summary>
/// <param name="Snapshot">The models.</param>
/// <param name="Timestamp">When the look ended.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record CatalogLook(ModelSnapshot Snapshot, long Timestamp, TimeSpan Duration)
{
    /// <summary>Whether the store is still being read for the first time, so that its models are missing.</summary>
    public bool IsWithoutStore { get; init; }
}
