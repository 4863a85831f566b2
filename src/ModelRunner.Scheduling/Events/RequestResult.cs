namespace ModelRunner.Scheduling;

/// <summary>What an ended request says about the runner that it was sent to.</summary>
public enum RequestResult
{
    /// <summary>The runner answered, or began to; the client may have left then.</summary>
    Served,

    /// <summary>The runner took no connection, gave no whole answer, or answered that it cannot serve (502, 503 or 504).</summary>
    RunnerFailed,

    /// <summary>Nothing: the client left before the answer began, or the request was never sent.</summary>
    Abandoned,

    /// <summary>The runner answered with another error of its own (500 and above). One may be the request's fault, several in a row are not.</summary>
    ServerError,
}
