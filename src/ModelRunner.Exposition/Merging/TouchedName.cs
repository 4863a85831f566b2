namespace ModelRunner.Exposition.Merging;

/// <summary>The state of a name before the current source.</summary>
internal struct TouchedName
{
    /// <summary>The index of the name.</summary>
    public int Name;

    /// <summary>The state.</summary>
    public NameEntry Entry;
}
