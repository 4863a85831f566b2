namespace ModelRunner.Daemon.Models;

/// <summary>How a look-up ended.</summary>
internal enum ModelLookupReason
{
    /// <summary>A model was found.</summary>
    Found,

    /// <summary>The text is not a valid reference: empty, too long, or with control characters.</summary>
    Invalid,

    /// <summary>No model has this name.</summary>
    Unknown,

    /// <summary>The reference fits more than one model.</summary>
    Ambiguous,

    /// <summary>The model exists, but its file is missing or broken.</summary>
    Unusable,

    /// <summary>The store or the model's file is still being read.</summary>
    NotRead,
}
