namespace ModelRunner.Exposition.Merging;

/// <summary>The units of all names, each text once. A name has a unit only where the sources that give one give the same.</summary>
internal sealed class UnitTable
{
    private readonly NameTable _texts = new();

    public ReadOnlySpan<byte> Text(int index) => _texts.Name(index);

    /// <summary>Notes that a source gave a unit for a name. Only the first one of a source counts.</summary>
    public void Add(ref NameEntry name, int source, ReadOnlySpan<byte> unit)
    {
        if (name.LastUnitSource == source)
            return;
        name.LastUnitSource = source;
        var found = _texts.GetOrAdd(unit);
        name.HasUnitConflict |= name.Unit >= 0 && name.Unit != found;
        name.Unit = found;
    }

    /// <summary>The unit that all sources agree on, or -1. A family that lost its type by its samples has none.</summary>
    public static int Choose(in NameEntry name) => name.HasUnitConflict || name.PageType != name.DeclaredType ? -1 : name.Unit;

    public void Clear() => _texts.Clear();
}
