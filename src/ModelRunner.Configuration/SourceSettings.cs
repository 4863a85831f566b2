namespace ModelRunner.Configuration;

/// <summary>Where the models of another tool are. The daemon only reads there.</summary>
/// <param name="Kind">The tool.</param>
/// <param name="Folders">Absolute paths of its stores, the preferred one first. They need not exist.</param>
internal sealed record SourceSettings(SourceKind Kind, IReadOnlyList<string> Folders)
{
    /// <summary>Absolute path of a file that names the folder of the tool; null: there is none.</summary>
    public string? Pointer { get; init; }

    /// <summary>Compares all values, also those within lists.</summary>
    public bool IsSameAs(SourceSettings other) =>
        (Kind, Pointer) == (other.Kind, other.Pointer) && Folders.SequenceEqual(other.Folders, StringComparer.Ordinal);
}
