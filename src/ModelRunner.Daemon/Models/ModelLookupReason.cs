namespace ModelRunner.Daemon.Models;

/// <summary>How a look-up ended.</summary>
internal enum ModelLookupReason
{
    /// <summary>There is a model.</summary>
    Found,

    /// <summary>The reference is not one: empty, too long, control characters.</summary>
    Invalid,

    /// <summary>No model has this name.</summary>
    Unknown,

    /// <summary>More than one model could be meant.</summary>
    Ambiguous,

    /// <summary>There is such a model, but its file is missing or broken.</summary>
    Unusable,

    /// <summary>The store or the model's file is still being read.</summary>
    NotRead,
}
