namespace ModelRunner.Scheduling;

/// <summary>The result of a request for the runner that it was sent to.</summary>
public enum RequestResult
{
    /// <summary>The runner responded or began to respond. The client may have disconnected later.</summary>
    Served,

    /// <summary>The runner refused the connection, sent an incomplete response, or responded that it cannot serve (502, 503 or 504).</summary>
    RunnerFailed,

    /// <summary>No result: the client disconnected before the response began.</summary>
    Abandoned,

    /// <summary>The request was not sent to the runner.</summary>
    NotSent,

    /// <summary>
    /// The runner responded with another error of its own (500 and above). A single one may be caused by the request; several in a row are
    /// attributed to the runner.
    /// </summary>
    ServerError,
}
