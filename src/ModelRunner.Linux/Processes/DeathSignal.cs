using System.Runtime.CompilerServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The words to put before a command so that the kernel kills the process when the daemon dies, however it dies.
/// </summary>
/// <remarks>
/// The parent-death signal is set by the process itself, after the fork and before the program is executed, and execution keeps it
/// (prctl(2)). Managed code cannot run between the two, so a small step in between does it: this executable itself
/// (<see cref="ExecRunner"/>), which also ends at once when the daemon died before the signal was armed. That costs the start of
/// a process, some milliseconds when compiled ahead of time; where that is not so, util-linux's <c>setpriv</c> is quicker. It does
/// not look at its parent: what slips through that gap is found by <see cref="OrphanSweep"/> at the next start.
/// </remarks>
internal static class DeathSignal
{
    private const string RunningExecutable = "/proc/self/exe";

    private static readonly string[] SetprivPaths = ["/usr/bin/setpriv", "/bin/setpriv"];

    private static bool IsNativeAot => !RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>This program, to be started again in another part.</summary>
    public static string Executable
    {
        get
        {
            // The link leads to the running executable even after an upgrade replaced its file; a chroot may be without /proc.
            string executable = Path.Join(AppContext.BaseDirectory, "model-runner");
            return IsNativeAot && File.Exists(RunningExecutable) ? RunningExecutable : executable;
        }
    }

    /// <summary>The prefix for this process on this machine.</summary>
    public static IReadOnlyList<string> ChoosePrefix()
    {
        string? setpriv = IsNativeAot ? null : SetprivPaths.FirstOrDefault(File.Exists);
        return setpriv is not null ? Setpriv(setpriv) : ExecRunner.Prefix(Executable, Environment.ProcessId);
    }

    /// <summary>The prefix that uses util-linux.</summary>
    public static IReadOnlyList<string> Setpriv(string path) => [path, "--pdeathsig", "KILL", "--"];
}
