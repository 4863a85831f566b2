namespace ModelRunner.Linux.Processes;

/// <summary>Whether the kernel's out-of-memory killer ended a process.</summary>
internal enum MemoryKill
{
    /// <summary>It did not.</summary>
    No,

    /// <summary>It ended a process that is not named, at about that time.</summary>
    Perhaps,

    /// <summary>The kernel's log names the process.</summary>
    Yes,

    /// <summary>It ended the process because its control group reached its limit.</summary>
    AtLimit,
}
