namespace ModelRunner.Linux.Processes;

/// <summary>The variables in the environment of a process by which the daemon recognises what it started.</summary>
internal static class ProcessMark
{
    /// <summary>Marks every runner, and what runners start, with the daemon that they belong to.</summary>
    public const string OwnerVariable = "MODEL_RUNNER_RUNNER";

    /// <summary>Marks one runner, and what it starts, so that nothing of it is left when it ends.</summary>
    public const string TreeVariable = "MODEL_RUNNER_RUNNER_TREE";
}
