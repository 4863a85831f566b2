using ModelRunner.Store.Layout;

namespace ModelRunner.Store.Foreign;

/// <summary>The result of one scan of the stores of one tool.</summary>
/// <param name="Models">The models, those of the preferred folder first.</param>
/// <param name="Problems">What could not be read, one clause each that follows the tool's name, without any absolute path.</param>
internal sealed record ForeignListing(IReadOnlyList<ForeignModel> Models, IReadOnlyList<string> Problems)
{
    /// <summary>Whether any of the folders exists.</summary>
    public bool IsPresent { get; init; }

    /// <summary>The lists of the stores with the layout of Docker Model Runner that were read.</summary>
    public IReadOnlyList<StoreIndex> Lists { get; init; } = [];
}
