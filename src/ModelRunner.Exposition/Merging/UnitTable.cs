namespace ModelRunner.Exposition.Merging;

/// <summary>
/// The units of all names. Each text is stored once. A name has a unit only if all sources that declare one declare the same.
/// </summary>
internal sealed class UnitTable
{
    private readonly NameTable _texts = new();

    public ReadOnlySpan<byte> Text(int index) => _texts.Name(index);

    /// <summary>Adds the unit that a source declares for a name. Only the first unit of a source counts.</summary>
    public void Add(ref NameEntry name, int source, ReadOnlySpan<byte> unit)
    {
        if (name.LastUnitSource == source)
            return;
        name.LastUnitSource = source;
        var found = _texts.GetOrAdd(unit);
        name.HasUnitConflict |= name.Unit >= 0 && name.Unit != found;
        name.Unit = found;
    }

    /// <summary>The unit that all sources agree on, or -1. A family that lost its type because of its samples has none.</summary>
    public static int Choose(in NameEntry name) => name.HasUnitConflict || name.PageType != name.DeclaredType ? -1 : name.Unit;

    public void Clear() => _texts.Clear();
}
