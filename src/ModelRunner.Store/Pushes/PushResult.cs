namespace ModelRunner.Store.Pushes;

/// <summary>How a push ended.</summary>
internal enum PushResult
{
    /// <summary>The registry has the model.</summary>
    Success,

    /// <summary>The client left, or the daemon ended.</summary>
    Cancelled,

    /// <summary>The registry has no such repository, and makes none.</summary>
    NotFound,

    /// <summary>The registry wants credentials, or others.</summary>
    Unauthorized,

    /// <summary>The registry knows who asks, and does not allow it.</summary>
    Denied,

    /// <summary>The registry allows no more requests for some time.</summary>
    RateLimited,

    /// <summary>The model cannot be pushed to this place.</summary>
    Unsupported,

    /// <summary>The registry refuses what was sent.</summary>
    Rejected,

    /// <summary>The registry cannot be reached or is not trusted, or the connection broke again and again.</summary>
    Network,

    /// <summary>The registry has a problem, or sent something unexpected.</summary>
    Server,

    /// <summary>A file of the model cannot be read.</summary>
    Store,

    /// <summary>Too many pushes wait already.</summary>
    Busy,
}
