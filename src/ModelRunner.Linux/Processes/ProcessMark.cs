namespace ModelRunner.Linux.Processes;

/// <summary>Environment variables by which the daemon recognises the processes that it started. See also <see cref="InheritedMark"/>.</summary>
internal static class ProcessMark
{
    /// <summary>Its value is the daemon. Every runner has it, and the processes that a runner starts inherit it.</summary>
    public const string OwnerVariable = "MODEL_RUNNER_RUNNER";

    /// <summary>Its value is unique to one runner and the processes that it starts, so that all of them can be ended with it.</summary>
    public const string TreeVariable = "MODEL_RUNNER_RUNNER_TREE";
}
