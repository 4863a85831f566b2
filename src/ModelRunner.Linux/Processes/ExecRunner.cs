using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The hidden command <c>model-runner exec-runner PARENT -- PROGRAM ARGUMENTS</c>: ties this process's life to its parent's and then
/// becomes the program. See <see cref="DeathSignal"/>.
/// </summary>
internal static unsafe class ExecRunner
{
    /// <summary>The name of the command.</summary>
    public const string Verb = "exec-runner";

    private const int CannotExecute = 126;
    private const int WrongUse = 2;
    private const int Orphaned = 1;

    /// <summary>The words before the program.</summary>
    public static IReadOnlyList<string> Prefix(string executable, int parent) =>
        [executable, Verb, parent.ToString(CultureInfo.InvariantCulture), "--"];

    /// <summary>Whether the command line asks for this; to be looked at before anything else is set up.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments.Count > 0 && arguments[0] == Verb;

    /// <summary>Does not return unless it fails; the result is an exit code then.</summary>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 4 || arguments[2] != "--" || !int.TryParse(arguments[1], CultureInfo.InvariantCulture, out int parent))
            return WrongUse;

        // In this order: a parent that dies after the first line kills us, one that died before it is noticed by the second.
        _ = Libc.ProcessControl(Libc.SetDeathSignal, Libc.SigKill, 0, 0, 0);
        if (Libc.ParentProcess() != parent)
            return Orphaned;

        // The runtime ignores SIGPIPE, and what is ignored stays ignored in the program.
        _ = Libc.HandleSignal(Libc.SigPipe, 0);
        using var command = new NativeStrings(arguments[3..]);
        _ = Libc.Execute(command.Pointer[0], command.Pointer);

        // Opening the console overwrites the error.
        string cause = Marshal.GetLastPInvokeErrorMessage();
        Console.Error.WriteLine($"{Verb}: failed to execute {arguments[3]}: {cause}");
        return CannotExecute;
    }
}
