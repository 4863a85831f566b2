using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>Environment variables by which the daemon recognises the processes that it started. See also <see cref="InheritedMark"/>.</summary>
internal static class ProcessMark
{
    /// <summary>Its value is the daemon. Every runner and every query of an engine has it, and the processes that they start inherit it.</summary>
    public const string OwnerVariable = "MODEL_RUNNER_RUNNER";

    /// <summary>Its value is unique to one runner or query and the processes that it starts, so that all of them can be ended with it.</summary>
    public const string TreeVariable = "MODEL_RUNNER_RUNNER_TREE";

    private static long _last;

    /// <summary>A value of <see cref="TreeVariable"/> that no other process has.</summary>
    public static string NextTree() => string.Create(CultureInfo.InvariantCulture, $"{DaemonIdentity.Own}-{Interlocked.Increment(ref _last)}");
}
