using System.Runtime.CompilerServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The prefix of a command that makes the kernel kill the process when the daemon ends, also when the daemon crashes or is killed.
/// </summary>
/// <remarks>
/// A process sets its parent-death signal itself, after the fork and before it executes the program; execution keeps it (prctl(2)). Managed
/// code cannot run between the two, so a small program runs in between: this executable (<see cref="ExecRunner"/>). It also ends at once when
/// the daemon ended before the signal was set. It costs some milliseconds when it is compiled ahead of time. Otherwise util-linux's
/// <c>setpriv</c> is quicker, but it does not check its parent: <see cref="OrphanSweep"/> finds such orphans at the next start.
/// </remarks>
internal static class DeathSignal
{
    private const string RunningExecutable = "/proc/self/exe";

    private static readonly string[] SetprivPaths = ["/usr/bin/setpriv", "/bin/setpriv"];

    private static bool IsNativeAot => !RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>The path of this program, to start it with another command.</summary>
    public static string Executable
    {
        get
        {
            // The link leads to the running executable even after an upgrade replaced its file. A chroot may have no /proc.
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
