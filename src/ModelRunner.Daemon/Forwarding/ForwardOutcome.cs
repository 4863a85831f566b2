namespace ModelRunner.Daemon.Forwarding;

/// <summary>How forwarding ended.</summary>
internal enum ForwardOutcome
{
    /// <summary>The runner's answer, whatever its status, reached the client whole.</summary>
    Answered,

    /// <summary>The client left first.</summary>
    ClientLeft,

    /// <summary>Nobody took the connection, so nothing of the request was sent; another runner may be asked.</summary>
    NotReached,

    /// <summary>The runner gave no answer; nothing was sent to the client, and the caller has to.</summary>
    RunnerFailed,

    /// <summary>
    /// The runner ended in the middle of its answer; the client's connection was cut so that it cannot take it for whole.
    /// </summary>
    Cut,
}
