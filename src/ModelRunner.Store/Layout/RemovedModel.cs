using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>What a removal did.</summary>
/// <param name="Untagged">The names that no longer exist.</param>
/// <param name="Deleted">The model that no longer exists; null: it still has other names.</param>
internal sealed record RemovedModel(IReadOnlyList<string> Untagged, Digest? Deleted);
