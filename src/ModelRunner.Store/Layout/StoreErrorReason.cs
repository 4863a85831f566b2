namespace ModelRunner.Store.Layout;

/// <summary>Why something cannot be done with a store.</summary>
internal enum StoreErrorReason
{
    /// <summary>There is no such model.</summary>
    NotFound,

    /// <summary>A file of the store cannot be understood. It is never overwritten.</summary>
    Damaged,

    /// <summary>The store was written by a newer program.</summary>
    Newer,

    /// <summary>Another process has the lock.</summary>
    Busy,

    /// <summary>There is no space left.</summary>
    NoSpace,

    /// <summary>The store cannot be read or written.</summary>
    NotAccessible,

    /// <summary>The bytes of a file are not those that its digest promises.</summary>
    WrongBytes,

    /// <summary>A file that the model needs is not there.</summary>
    MissingFile,
}
