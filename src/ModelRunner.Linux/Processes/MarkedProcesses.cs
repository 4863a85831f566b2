namespace ModelRunner.Linux.Processes;

/// <summary>Ends processes that have a mark in their environment: also those whose parent has ended, and those in other sessions.</summary>
internal static class MarkedProcesses
{
    private const string Name = "MODEL_RUNNER_ASKED";

    // A process may start another one a moment before it is killed.
    private const int MaxPasses = 20;
    private const int PauseMilliseconds = 5;

    /// <summary>A variable that no other process has. Its descendants inherit it.</summary>
    public static (string Name, string Value) Create() => (Name, Guid.NewGuid().ToString("N"));

    /// <summary>Kills all processes of this user with this variable, until there are none.</summary>
    public static void Kill((string Name, string Value) mark)
    {
        string variable = $"{mark.Name}={mark.Value}";
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            if (KillOnce(variable) == 0)
                return;
            Libc.Pause(PauseMilliseconds);
        }
    }

    private static int KillOnce(string variable)
    {
        int killed = 0;
        foreach (ProcessEntry process in ProcessList.ReadAll().Where(process => process.IsAlive && IsMarked(process.Id, variable)))
        {
            // The id may belong to another process by now. A descriptor keeps the process, so the second check is certain.
            int file = Libc.OpenProcess(process.Id);
            if (file < 0)
                continue;
            if (IsMarked(process.Id, variable) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    private static bool IsMarked(int process, string variable) =>
        process != Environment.ProcessId && ProcessList.HasVariable(process, variable) && ProcessList.User(process) == Libc.EffectiveUser();
}
