namespace ModelRunner.Store.Layout;

/// <summary>The kinds of files that no model needs.</summary>
internal enum LeftoverKind
{
    /// <summary>A whole file, or a manifest.</summary>
    Unreferenced,

    /// <summary>The beginning of a file. The next pull of it continues there.</summary>
    Partial,

    /// <summary>What an operation wrote that has not ended. Nothing can continue it.</summary>
    Unfinished,

    /// <summary>A file whose bytes are not those that its digest promises, which was set aside.</summary>
    Damaged,
}
