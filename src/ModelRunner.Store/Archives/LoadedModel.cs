using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Archives;

/// <summary>A model that came from an archive.</summary>
/// <param name="Entry">The model in the list.</param>
/// <param name="TotalBytes">Bytes of all its files.</param>
internal sealed record LoadedModel(StoreEntry Entry, long TotalBytes);
