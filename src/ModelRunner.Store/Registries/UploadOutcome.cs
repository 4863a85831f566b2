namespace ModelRunner.Store.Registries;

/// <summary>How a file came to be in a registry.</summary>
internal enum UploadOutcome
{
    /// <summary>It was there.</summary>
    WasThere,

    /// <summary>The registry took it from another repository.</summary>
    Mounted,

    /// <summary>Its bytes were sent.</summary>
    Sent,
}
