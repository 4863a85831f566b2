using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// The hidden command <c>model-runner join-group FILE -- PROGRAM ARGUMENTS</c>: enters a control group and then executes the program in it. So
/// all memory of the program counts for the group: the kernel does not move what a process has before it enters.
/// </summary>
internal static class JoinGroup
{
    /// <summary>The name of the command.</summary>
    public const string Verb = "join-group";

    private const int CannotJoin = 1;
    private const int WrongUse = 2;

    /// <summary>The arguments before the program.</summary>
    public static IReadOnlyList<string> Prefix(string executable, RunnerGroup group) => [executable, Verb, group.ProcessesPath, "--"];

    /// <summary>Whether the command line has this command. Call it before anything else is set up.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments.Count > 0 && arguments[0] == Verb;

    /// <summary>Executes the program. Returns only when that fails.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < 4 || arguments[2] != "--")
            return WrongUse;
        try
        {
            File.WriteAllText(arguments[1], Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{Verb}: failed to enter the control group: {failure.Message}");
            return CannotJoin;
        }

        return ExecRunner.Execute(Verb, arguments[3..]);
    }
}
