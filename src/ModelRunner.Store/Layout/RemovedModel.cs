using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>What a removal did.</summary>
/// <param name="Untagged">The names that no longer exist.</param>
/// <param name="Deleted">The model that no longer exists; null: it still has other names.</param>
/// <param name="FreedBytes">Bytes of the files that were removed.</param>
internal sealed record RemovedModel(IReadOnlyList<string> Untagged, Digest? Deleted, long FreedBytes);
