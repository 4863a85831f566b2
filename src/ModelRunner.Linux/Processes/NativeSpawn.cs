using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>Starts a process with <c>posix_spawn</c> and everything that a runner needs.</summary>
internal static unsafe class NativeSpawn
{
    private const short SetGroup = 0x02;
    private const short SetSignalDefaults = 0x04;
    private const short SetMask = 0x08;
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int FirstOther = 3;

    // A child inherits the ignored signals of this process, which are those of its parent and of the .NET runtime.
    private static readonly int[] DefaultSignals = [Libc.SigHup, Libc.SigInt, Libc.SigQuit, Libc.SigPipe, Libc.SigTerm, Libc.SigChld];

    // glibc has it since 2.34. Without it a child could inherit descriptors that .NET did not open.
    private static readonly bool CanCloseOthers =
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out _);

    /// <summary>Starts a process in a group of its own. Both of its outputs go to one descriptor.</summary>
    /// <param name="command">The executable, then its arguments.</param>
    /// <param name="environment">All of its environment variables.</param>
    /// <param name="workingDirectory">The folder that it starts in.</param>
    /// <param name="output">The descriptor that it writes to. The caller keeps it and closes it.</param>
    /// <param name="input">The descriptor that it reads from. The caller keeps it and closes it. Null: it has no input.</param>
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

    /// <summary>Explains an error code to the user.</summary>
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
