namespace ModelRunner.Exposition.Merging;

/// <summary>What was known of a name before the current source.</summary>
internal struct TouchedName
{
    /// <summary>The index of the name.</summary>
    public int Name;

    /// <summary>What was known of it.</summary>
    public NameEntry Entry;
}
