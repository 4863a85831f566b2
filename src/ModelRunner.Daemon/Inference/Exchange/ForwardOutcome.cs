namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>How forwarding ended.</summary>
internal enum ForwardOutcome
{
    /// <summary>The runner's response, whatever its status, reached the client completely.</summary>
    Completed,

    /// <summary>The client left before the end.</summary>
    ClientLeft,

    /// <summary>No connection was made, so nothing of the request was sent; another runner may get it.</summary>
    NotReached,

    /// <summary>The runner closed the connection before it had read the request; another runner may get it.</summary>
    Unread,

    /// <summary>
    /// The runner sent no response but may have processed the request. Nothing was sent to the client; the caller must send an error.
    /// </summary>
    RunnerFailed,

    /// <summary>
    /// The runner ended in the middle of its response. An event stream ended with an error event; any other connection was closed early, so
    /// that the client cannot take the response as complete.
    /// </summary>
    Cut,
}
