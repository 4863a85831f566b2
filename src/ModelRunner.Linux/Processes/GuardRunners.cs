namespace ModelRunner.Linux.Processes;

/// <summary>
/// The hidden command <c>model-runner guard-runners STEP IDENTITY PLACE…</c>: outlives the daemon whose identity it is given, and then
/// cleans up after it. See <see cref="Guardian"/>.
/// </summary>
/// <remarks>
/// The step <c>start</c> starts <c>watch</c> and ends, so that <c>watch</c> is no child of the daemon's. That one reads the pipe at its
/// standard input: a byte means that there is nothing to clean up, the end of the pipe that the daemon is gone.
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

    // A process closes its files a moment before it counts as dead.
    private static readonly TimeSpan DeathPatience = TimeSpan.FromSeconds(10);
    private const int PauseMilliseconds = 5;

    // A signal to the daemon's whole group or session also reaches the guardian; it must ignore it and clean up first.
    private static readonly int[] IgnoredSignals = [Libc.SigHup, Libc.SigInt, Libc.SigQuit, Libc.SigTerm, Libc.SigPipe];

    /// <summary>The words to start it with.</summary>
    /// <param name="executable">This program.</param>
    /// <param name="daemon">Whom to outlive.</param>
    /// <param name="places">Where its private folder may be.</param>
    public static IReadOnlyList<string> Command(string executable, DaemonIdentity daemon, IReadOnlyList<string> places) =>
        [executable, Verb, StartStep, daemon.ToString(), .. places];

    /// <summary>All of its variables. It needs little memory, and less than a runtime takes if it is let.</summary>
    public static IReadOnlyList<string> Environment()
    {
        List<string> variables = ["DOTNET_EnableDiagnostics=0", "DOTNET_gcConcurrent=0", "DOTNET_GCHeapHardLimit=0x2000000"];
        if (System.Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
            variables.Add("DOTNET_ROOT=" + root);
        return variables;
    }

    /// <summary>Whether the command line asks for this; to be looked at before anything else is set up.</summary>
    public static bool IsAskedFor(IReadOnlyList<string> arguments) => arguments.Count > 0 && arguments[0] == Verb;

    /// <summary>Runs a step; the result is an exit code.</summary>
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
        OrphanSweep.Run(places);
        return 0;
    }
}
