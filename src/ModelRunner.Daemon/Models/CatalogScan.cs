using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Models;

/// <summary>All models at one time, from the last scans of all places. Immutable; the next one replaces it.</summary>
/// <param name="Snapshot">The models.</param>
internal sealed record CatalogScan(ModelSnapshot Snapshot)
{
    /// <summary>What each source holds; empty: the models folder was not read yet.</summary>
    public IReadOnlyList<SourceSize> Sizes { get; init; } = [];

    /// <summary>The lists of the daemon's own store from which the models are.</summary>
    public IReadOnlyList<StoreIndex> Lists { get; init; } = [];

    /// <summary>Whether the first scan of the store is not complete, so that the store's models are missing.</summary>
    public bool IsWithoutStore { get; init; }
}
