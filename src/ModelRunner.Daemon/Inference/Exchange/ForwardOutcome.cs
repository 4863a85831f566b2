namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>How forwarding ended.</summary>
internal enum ForwardOutcome
{
    /// <summary>The runner's answer, whatever its status, reached the client whole.</summary>
    Answered,

    /// <summary>The client left first.</summary>
    ClientLeft,

    /// <summary>Nobody took the connection, so nothing of the request was sent; another runner may be asked.</summary>
    NotReached,

    /// <summary>The runner closed the connection before it had read the request; another runner may be asked.</summary>
    Unread,

    /// <summary>The runner gave no answer, though it may have worked on the request; nothing was sent to the client, and the caller has to.</summary>
    RunnerFailed,

    /// <summary>
    /// The runner ended in the middle of its answer. The client was told so in a stream of events; elsewhere its connection was cut, so
    /// that it cannot take the answer for whole.
    /// </summary>
    Cut,
}
