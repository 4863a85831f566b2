namespace ModelRunner.Exposition.Text;

/// <summary>
/// The rule of OpenMetrics 1.0 for units: the name of the family ends in an underscore and the unit, and the unit has only characters of names.
/// </summary>
internal static class Units
{
    private static ReadOnlySpan<byte> Total => "_total"u8;

    /// <summary>Whether the name of a family in OpenMetrics ends in the unit.</summary>
    public static bool IsUnitOf(ReadOnlySpan<byte> name, ReadOnlySpan<byte> unit)
    {
        if (unit.IsEmpty || name.Length <= unit.Length || !name.EndsWith(unit) || name[^(unit.Length + 1)] != '_')
            return false;
        foreach (var part in unit)
        {
            if (!Characters.IsMetricPart(part))
                return false;
        }

        return true;
    }

    /// <summary>The same for a name that may be in the form of text, in which a counter ends in <c>_total</c>.</summary>
    public static bool IsUnitOfAny(ReadOnlySpan<byte> name, ReadOnlySpan<byte> unit) =>
        IsUnitOf(name, unit) || (name.EndsWith(Total) && IsUnitOf(name[..^Total.Length], unit));
}
