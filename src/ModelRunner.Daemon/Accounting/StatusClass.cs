namespace ModelRunner.Daemon.Accounting;

/// <summary>The class of the status that the client got.</summary>
internal enum StatusClass
{
    /// <summary>The client got no response.</summary>
    None,

    Successful,
    Redirection,
    ClientError,
    ServerError,
}
