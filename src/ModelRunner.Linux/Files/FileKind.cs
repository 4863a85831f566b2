namespace ModelRunner.Linux.Files;

/// <summary>What lies at a path.</summary>
internal enum FileKind
{
    /// <summary>Nothing, or a link that leads to nothing.</summary>
    Missing,

    /// <summary>This user may not look.</summary>
    Denied,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a socket or a device.</summary>
    Other,
}
