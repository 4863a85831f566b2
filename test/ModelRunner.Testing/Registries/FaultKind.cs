namespace ModelRunner.Testing.Registries;

/// <summary>What a <see cref="FaultProxy"/> does to a request or its response.</summary>
public enum FaultKind
{
    /// <summary>The connection is closed after so many bytes of the body.</summary>
    Cut,

    /// <summary>Nothing more comes after so many bytes of the body; the connection stays open.</summary>
    Stall,

    /// <summary>No response comes; the connection stays open.</summary>
    NoAnswer,

    /// <summary>The body comes in parts of so many bytes, with a pause after each.</summary>
    Slow,

    /// <summary>A request for a part gets the whole, with the status 200.</summary>
    WholeForRange,

    /// <summary>A request for a part gets one that begins one byte later, and says so.</summary>
    WrongContentRange,

    /// <summary>A web page comes, with the status 200.</summary>
    Html,

    /// <summary>The body is compressed, and its header says so.</summary>
    Gzip,

    /// <summary>One byte of the body is another, at this offset of what is sent.</summary>
    ChangedByte,

    /// <summary>The body has so many bytes more, and no length.</summary>
    Longer,

    /// <summary>The body has only so many bytes, and a length that fits.</summary>
    Shorter,

    /// <summary>A status with the body of an error.</summary>
    Status,

    /// <summary>A redirect to the same address.</summary>
    RedirectLoop,

    /// <summary>A redirect to the same path of another server, with a signature in the query.</summary>
    RedirectTo,
}
