namespace ModelRunner.Linux.Files;

/// <summary>What is at a path.</summary>
internal enum FileKind
{
    /// <summary>Nothing, or a link to nothing.</summary>
    Missing,

    /// <summary>Unknown: this user has no access to the path.</summary>
    Denied,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a socket, a device, or a link that was not followed.</summary>
    Other,
}
