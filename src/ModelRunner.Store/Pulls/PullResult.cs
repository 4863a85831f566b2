namespace ModelRunner.Store.Pulls;

/// <summary>How a pull ended.</summary>
internal enum PullResult
{
    /// <summary>The model was fetched.</summary>
    Success,

    /// <summary>The model was there already.</summary>
    Unchanged,

    /// <summary>The last client left.</summary>
    Cancelled,

    /// <summary>There is no such model or tag.</summary>
    NotFound,

    /// <summary>Credentials are missing or wrong, or the model is not open to this user.</summary>
    Denied,

    /// <summary>The server allows no more requests for some time.</summary>
    RateLimited,

    /// <summary>The model is of a kind that cannot be served.</summary>
    Unsupported,

    /// <summary>The disk is full.</summary>
    NoSpace,

    /// <summary>The server sent bytes that do not have their digest.</summary>
    WrongBytes,

    /// <summary>The server cannot be reached, or the connection broke again and again.</summary>
    Network,

    /// <summary>The server has a problem, or sent something unexpected.</summary>
    Server,

    /// <summary>The store cannot be read or written.</summary>
    Store,
}
