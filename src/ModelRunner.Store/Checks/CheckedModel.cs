using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Checks;

/// <summary>A model of the store after its check.</summary>
/// <param name="Entry">The model.</param>
/// <param name="Files">Its manifest and its files.</param>
internal sealed record CheckedModel(StoreEntry Entry, IReadOnlyList<CheckedFile> Files)
{
    /// <summary>The files that are not whole.</summary>
    public IReadOnlyList<CheckedFile> Bad => [.. Files.Where(static file => file.Condition != FileCondition.Whole)];
}
