namespace ModelRunner.Daemon.Models;

/// <summary>The result of one scan of all models.</summary>
/// <param name="Snapshot">The models.</param>
/// <param name="Timestamp">When the scan ended.</param>
/// <param name="Duration">How long the scan took.</param>
internal sealed record CatalogScan(ModelSnapshot Snapshot, long Timestamp, TimeSpan Duration)
{
    /// <summary>What each source holds; empty: the models folder was not read yet.</summary>
    public IReadOnlyList<SourceSize> Sizes { get; init; } = [];

    /// <summary>Whether the first scan of the store is not complete, so that the store's models are missing.</summary>
    public bool IsWithoutStore { get; init; }
}
