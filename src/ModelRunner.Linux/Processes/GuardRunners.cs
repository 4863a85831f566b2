namespace ModelRunner.Linux.Processes;

/// <summary>
/// The hidden command <c>model-runner guard-runners STEP IDENTITY FOLDER…</c>: waits until the daemon with this identity has ended, and then
/// cleans up after it. See <see cref="Guardian"/>.
/// </summary>
/// <remarks>
/// The step <c>start</c> starts the step <c>watch</c> and ends, so that <c>watch</c> is not a child of the daemon. <c>watch</c> reads the pipe
/// at its standard input: a byte means that there is nothing to clean up, the end of the pipe means that the daemon has ended.
/// </remarks>
internal static unsafe class GuardRunners
{
    /// <summary>The name of the command.</summary>
    public const string Verb = "guard-runners";

    private const string StartStep = "start";
    private const string WatchStep = "watch";
    private const int IdentityIndex = 2;
    private const int FirstPlaceIndex = 3;
    private const int StandardInput = 0;
    private const int StandardOutput = 1;
    private const int WrongUse = 2;

    // The kernel closes the descriptors of a process a moment before the process counts as ended.
    private static readonly TimeSpan DeathPatience = TimeSpan.FromSeconds(10);
    private const int PauseMilliseconds = 5;

    // A signal to the daemon's whole group or session also reaches the guardian; it must ignore it and clean up first.
    private static readonly int[] IgnoredSignals = [Libc.SigHup, Libc.SigInt, Libc.SigQuit, Libc.SigTerm, Libc.SigPipe];

    /// <summary>The command line that starts it.</summary>
    /// <param name="executable">The path of this program.</param>
    /// <param name="daemon">The daemon to clean up after.</param>
    /// <param name="places">The folders that may hold the private folder of the daemon.</param>
    public static IReadOnlyList<string> Command(string executable, DaemonIdentity daemon, IReadOnlyList<string> places) =>
        [executable, Verb, StartStep, daemon.ToString(), .. places];

    /// <summary>All of its environment variables. They limit the memory that the .NET runtime takes.</summary>
    public static IReadOnlyList<string> Environment()
    {
        List<string> variables = ["DOTNET_EnableDiagnostics=0", "DOTNET_gcConcurrent=0", "DOTNET_GCHeapHardLimit=0x2000000"];
        if (System.Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
            variables.Add("DOTNET_ROOT=" + root);
        return variables;
    }

    /// <summary>Whether the command line has this command. Call it before anything else is set up.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments.Count > 0 && arguments[0] == Verb;

    /// <summary>Runs a step.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] arguments)
    {
        if (arguments.Length < FirstPlaceIndex || !DaemonIdentity.TryParse(arguments[IdentityIndex], out DaemonIdentity daemon))
            return WrongUse;

        return arguments[1] switch
        {
            StartStep => Start(arguments),
            WatchStep => Watch(daemon, arguments[FirstPlaceIndex..]),
            _ => WrongUse,
        };
    }

    private static int Start(string[] arguments)
    {
        try
        {
            NativeSpawn.Start([DeathSignal.Executable, Verb, WatchStep, .. arguments[IdentityIndex..]], Environment(), "/", StandardOutput, StandardInput);
            return 0;
        }
        catch (SpawnException)
        {
            return 1;
        }
    }

    private static int Watch(DaemonIdentity daemon, IReadOnlyList<string> places)
    {
        foreach (int signal in IgnoredSignals)
            _ = Libc.HandleSignal(signal, Libc.IgnoreSignal);

        byte word;
        nint count;
        do
            count = Libc.Read(StandardInput, &word, 1);
        while (count < 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);
        if (count != 0)
            return 0;

        long begin = System.Environment.TickCount64;
        while (!daemon.IsDead && System.Environment.TickCount64 - begin < DeathPatience.TotalMilliseconds)
            Libc.Pause(PauseMilliseconds);
        OrphanSweep.Run(places, daemon);
        return 0;
    }
}
