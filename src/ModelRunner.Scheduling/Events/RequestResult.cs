namespace ModelRunner.Scheduling;

/// <summary>What an ended request says about the runner that it was sent to.</summary>
public enum RequestResult
{
    /// <summary>The runner answered, whatever the status.</summary>
    Served,

    /// <summary>The runner took no connection, or gave no whole answer.</summary>
    RunnerFailed,

    /// <summary>Nothing: the client left, or the request was never sent.</summary>
    Abandoned,
}
