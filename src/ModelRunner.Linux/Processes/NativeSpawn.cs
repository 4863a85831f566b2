using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>One call of <c>posix_spawn</c> with everything that a runner needs set up.</summary>
internal static unsafe class NativeSpawn
{
    private const short SetGroup = 0x02;
    private const short SetSignalDefaults = 0x04;
    private const short SetMask = 0x08;
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int FirstOther = 3;

    // Anything that our own parent had ignored, or that the runtime ignores, would stay ignored in the child.
    private static readonly int[] DefaultSignals = [Libc.SigHup, Libc.SigInt, Libc.SigQuit, Libc.SigPipe, Libc.SigTerm, Libc.SigChld];

    // The C library has it since glibc 2.34. Elsewhere only files that .NET did not open itself could be inherited.
    private static readonly bool CanCloseOthers =
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out _);

    /// <summary>Starts a process in a group of its own, with both outputs on one file.</summary>
    /// <param name="command">The executable, then its arguments.</param>
    /// <param name="environment">All of its variables.</param>
    /// <param name="workingDirectory">Where it starts.</param>
    /// <param name="output">The file that it writes to. It stays the caller's.</param>
    /// <param name="input">The file that it reads from, which stays the caller's; null: it has no input.</param>
    /// <returns>The process identifier.</returns>
    /// <exception cref="SpawnException">The operating system refused.</exception>
    public static int Start(
        IReadOnlyList<string> command, IReadOnlyList<string> environment, string workingDirectory, int output, int? input = null)
    {
        byte* actions = stackalloc byte[Libc.OpaqueSize];
        byte* attributes = stackalloc byte[Libc.OpaqueSize];
        Check(Libc.InitializeActions(actions), command[0]);
        Check(Libc.InitializeAttributes(attributes), command[0]);
        try
        {
            Check(
                input is { } file ? Libc.AddDuplicate(actions, file, StandardInput) : Libc.AddOpen(actions, StandardInput, "/dev/null", 0, 0),
                command[0]);
            Check(Libc.AddDuplicate(actions, output, StandardOutput), command[0]);
            Check(Libc.AddDuplicate(actions, output, StandardError), command[0]);
            Check(Libc.AddChangeDirectory(actions, workingDirectory), command[0]);
            if (CanCloseOthers)
                Check(Libc.AddCloseFrom(actions, FirstOther), command[0]);
            SetAttributes(attributes, command[0]);

            using var argumentStrings = new NativeStrings(command);
            using var environmentStrings = new NativeStrings(environment);
            Check(Libc.Spawn(out int process, command[0], actions, attributes, argumentStrings.Pointer, environmentStrings.Pointer), command[0]);
            return process;
        }
        finally
        {
            _ = Libc.DestroyActions(actions);
            _ = Libc.DestroyAttributes(attributes);
        }
    }

    private static void SetAttributes(byte* attributes, string program)
    {
        byte* signals = stackalloc byte[Libc.OpaqueSize];
        Check(Libc.EmptySignalSet(signals), program);
        Check(Libc.SetSignalMask(attributes, signals), program);
        foreach (int signal in DefaultSignals)
            Check(Libc.AddSignal(signals, signal), program);
        Check(Libc.SetDefaultSignals(attributes, signals), program);
        Check(Libc.SetProcessGroup(attributes, 0), program);
        Check(Libc.SetSpawnFlags(attributes, SetGroup | SetSignalDefaults | SetMask), program);
    }

    /// <summary>What an error of the system means for the user.</summary>
    public static string Explain(int error) => error switch
    {
        Libc.ErrorTryAgain => "the limit of processes and threads is reached (pids.max, ulimit -u)",
        Libc.ErrorTooManyFiles => "this process may open no more files (ulimit -n)",
        _ => Marshal.GetPInvokeErrorMessage(error),
    };

    private static void Check(int error, string program)
    {
        if (error != 0)
            throw new SpawnException($"{program} could not be started: {Explain(error)}");
    }
}
