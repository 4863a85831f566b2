using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Tests.Layout;

/// <summary>Changes of a store for tests that know what they change.</summary>
internal static class StoreRemovals
{
    public static Task<StoreEntry> TagAsync(this ModelStore store, Digest id, string tag, CancellationToken cancellationToken) =>
        store.TagAsync(list => Task.FromResult(list.Find(id) ?? throw NotFound(id.ToString())), tag, cancellationToken);

    public static Task<RemovedModel> UntagAsync(this ModelStore store, string tag, CancellationToken cancellationToken) =>
        RemoveAsync(store, list => (list.Find(tag) ?? throw NotFound(tag), tag), cancellationToken);

    public static Task<RemovedModel> RemoveAsync(this ModelStore store, Digest id, CancellationToken cancellationToken) =>
        RemoveAsync(store, list => (list.Find(id) ?? throw NotFound(id.ToString()), null), cancellationToken);

    private static async Task<RemovedModel> RemoveAsync(
        ModelStore store, Func<StoreIndex, (StoreEntry Entry, string? Tag)> choose, CancellationToken cancellationToken) =>
        (await store.RemoveAsync(list => Task.FromResult<IReadOnlyList<(StoreEntry, string?)>>([choose(list)]), cancellationToken))[0];

    private static StoreException NotFound(string what) => new(StoreErrorReason.NotFound, $"there is no model {what}");
}
