using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The hidden command <c>model-runner exec-runner PARENT -- PROGRAM ARGUMENTS</c>: makes the kernel kill this process when its parent ends,
/// and then executes the program in it. See <see cref="DeathSignal"/>.
/// </summary>
internal static unsafe class ExecRunner
{
    /// <summary>The name of the command.</summary>
    public const string Verb = "exec-runner";

    private const int CannotExecute = 126;
    private const int WrongUse = 2;
    private const int Orphaned = 1;

    /// <summary>The arguments before the program.</summary>
    public static IReadOnlyList<string> Prefix(string executable, int parent) =>
        [executable, Verb, parent.ToString(CultureInfo.InvariantCulture), "--"];

    /// <summary>Whether the command line has this command. Call it before anything else is set up.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments.Count > 0 && arguments[0] == Verb;

    /// <summary>Executes the program. Returns only when that fails.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 4 || arguments[2] != "--" || !int.TryParse(arguments[1], CultureInfo.InvariantCulture, out int parent))
            return WrongUse;

        // In this order: if the parent ends after the first line, the kernel kills this process. If it ended before, the second line sees it.
        _ = Libc.ProcessControl(Libc.SetDeathSignal, Libc.SigKill, 0, 0, 0);
        if (Libc.ParentProcess() != parent)
            return Orphaned;

        // Here, and not only in the daemon: the program must not start a process before it has the mark.
        if (Environment.GetEnvironmentVariable(ProcessMark.TreeVariable) is { } variable && InheritedMark.Of(variable) is { } mark)
            InheritedMark.SetOwn(mark);
        return Execute(Verb, arguments[3..]);
    }

    /// <summary>Executes a program in this process. Returns only when that fails.</summary>
    /// <returns>The exit code.</returns>
    public static int Execute(string verb, string[] words)
    {
        // The .NET runtime ignores SIGPIPE, and a program inherits which signals are ignored.
        _ = Libc.HandleSignal(Libc.SigPipe, Libc.DefaultSignal);
        using var command = new NativeStrings(words);
        _ = Libc.Execute(command.Pointer[0], command.Pointer);

        // Opening the console overwrites the error code.
        string cause = Marshal.GetLastPInvokeErrorMessage();
        Console.Error.WriteLine($"{verb}: failed to execute {words[0]}: {cause}");
        return CannotExecute;
    }
}
