namespace ModelRunner.Daemon.Accounting;

/// <summary>How a request ended.</summary>
internal enum RequestOutcome
{
    /// <summary>The response of the runner was complete when its last part was sent to the client, whatever its status.</summary>
    Completed,

    /// <summary>The client left before the end.</summary>
    ClientClosed,

    /// <summary>The runner gave no response, or broke it off.</summary>
    RunnerFailed,

    /// <summary>The daemon had no runner or no memory for it.</summary>
    Refused,

    /// <summary>The daemon refused it as invalid, for instance because its model does not exist.</summary>
    Invalid,

    /// <summary>The engine reported an error in a response that had begun well, or the daemon failed.</summary>
    Error,

    /// <summary>The daemon was killed before the request ended.</summary>
    Lost,
}
