namespace ModelRunner.Store.Http;

/// <summary>Why a request to a registry or to Hugging Face brought nothing.</summary>
internal enum RemoteReason
{
    /// <summary>The name of the host is unknown, or nothing accepts a connection there.</summary>
    Unreachable,

    /// <summary>The proxy refused, or could not be reached.</summary>
    ProxyFailed,

    /// <summary>The server's certificate is not trusted, the handshake failed, or the token server of a registry is one that is not asked.</summary>
    Untrusted,

    /// <summary>The connection stands, but no response began within the limit.</summary>
    NoAnswer,

    /// <summary>The connection broke.</summary>
    ConnectionLost,

    /// <summary>No byte came within the limit.</summary>
    Stalled,

    /// <summary>Plain http to a host that is neither this machine nor listed.</summary>
    PlainHttp,

    /// <summary>A redirect to nowhere, in a circle, from https to http, or from the internet to an internal address.</summary>
    BadRedirect,

    /// <summary>The server does not have it.</summary>
    NotFound,

    /// <summary>The server wants credentials, or others.</summary>
    Unauthorized,

    /// <summary>The server knows who asks, and refuses.</summary>
    Denied,

    /// <summary>Too many requests.</summary>
    RateLimited,

    /// <summary>The server has a problem of its own.</summary>
    ServerError,

    /// <summary>The server refuses what was sent to it.</summary>
    Rejected,

    /// <summary>The server does not offer this, for example a push to a mirror.</summary>
    NotOffered,

    /// <summary>The response is not what its protocol allows, for example a page of a proxy.</summary>
    UnexpectedAnswer,

    /// <summary>There is nothing at the offset that was asked for.</summary>
    NoSuchRange,

    /// <summary>The bytes do not have the digest that they should have.</summary>
    DigestMismatch,

    /// <summary>The response is longer than allowed.</summary>
    TooLarge,

    /// <summary>The file that was to be sent cannot be read, or changed meanwhile.</summary>
    LocalFile,
}
