namespace ModelRunner.Store.Checks;

/// <summary>Why a file could not be checked.</summary>
internal enum UnreadableCause
{
    /// <summary>Its bytes cannot be read, or are others each time: the disk or the memory of the machine may be damaged.</summary>
    Hardware,

    /// <summary>The user of this process must not read it.</summary>
    Denied,

    /// <summary>Something else has its name, for example a folder.</summary>
    NoFile,

    /// <summary>The system does not open it, for example because too many files are open.</summary>
    Unopened,

    /// <summary>It is a manifest, and larger than any manifest.</summary>
    TooLarge,

    /// <summary>Somebody wrote it during the check.</summary>
    Changed,
}
