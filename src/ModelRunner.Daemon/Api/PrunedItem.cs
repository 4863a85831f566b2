using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Api;

/// <summary>What a prune removed, would remove, or kept although a limit says otherwise.</summary>
/// <param name="Kind"><c>model</c>, <c>partial</c>, <c>unfinished</c>, <c>damaged</c> or <c>unreferenced</c>.</param>
/// <param name="Name">The name of the model or of the file.</param>
/// <param name="Bytes">What becomes free, or what the kept model occupies.</param>
/// <param name="Reason">Why, a clause.</param>
/// <param name="Entry">The model; null: it is a file.</param>
internal sealed record PrunedItem(string Kind, string Name, long Bytes, string Reason, StoreEntry? Entry = null);
