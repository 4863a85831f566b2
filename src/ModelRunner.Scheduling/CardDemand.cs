namespace ModelRunner.Scheduling;

/// <summary>What a runner needs on graphics cards. Immutable.</summary>
public sealed record CardDemand
{
    /// <summary>The cards that it may use, in the order of their names.</summary>
    public required IReadOnlyList<string> Cards { get; init; }

    /// <summary>What it needs on certain cards.</summary>
    public IReadOnlyList<CardShare> Fixed { get; init; } = [];

    /// <summary>
    /// The parts of <see cref="Fixed"/> that are certain, in the same order, if they are larger only because of one measurement. Null: all is certain.
    /// </summary>
    public IReadOnlyList<CardShare>? LeastFixed { get; init; }

    /// <summary>What is divided among <see cref="Cards"/>, in proportion to what is free on them.</summary>
    public long SharedBytes { get; init; }

    /// <summary>What it needs in addition on each card that gets a part of <see cref="SharedBytes"/>.</summary>
    public long EachBytes { get; init; }

    /// <summary>
    /// The part of <see cref="SharedBytes"/> that is certain, if it is larger only because of one measurement. Then it is no reason to refuse. Null: all
    /// of it is certain.
    /// </summary>
    public long? LeastBytes { get; init; }

    /// <summary>
    /// What an engine leaves free on each card that puts into main memory what does not fit on the cards. Null: the engine does not; it fails if the cards
    /// have too little.
    /// </summary>
    public long? Margin { get; init; }

    /// <summary>All cards on which it needs something.</summary>
    public IEnumerable<string> CardNames => Cards.Concat(Fixed.Select(static share => share.Card)).Distinct(StringComparer.Ordinal);

    /// <summary>Whether everything fits on cards with these free bytes. A card that is missing limits nothing.</summary>
    public bool FitsWithin(IReadOnlyDictionary<string, long>? free) => CardPlacement.Of(this, free, static _ => 0, isPartial: false) is not null;

    /// <summary>What goes into main memory if the cards have these free bytes; null: it does not fit, and its engine does not adapt.</summary>
    public long? SpillsWithin(IReadOnlyDictionary<string, long>? free) =>
        CardPlacement.Of(this, free, static _ => 0, isPartial: Margin is not null)?.SpilledBytes;

    /// <summary>Everything that it needs on cards.</summary>
    public long TotalBytes => Fixed.Sum(static share => share.Bytes) + SharedBytes + (SharedBytes > 0 ? EachBytes : 0);
}
