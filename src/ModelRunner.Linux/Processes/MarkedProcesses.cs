namespace ModelRunner.Linux.Processes;

/// <summary>
/// The processes of a short query: the program that is asked, and all that it starts, also those whose parent has ended, those in other sessions, and
/// those without an environment. They have the marks of a runner, so a later daemon finds them too.
/// </summary>
internal sealed class MarkedProcesses
{
    // A process may start another one a moment before it is killed.
    private const int MaxPasses = 20;
    private const int PauseMilliseconds = 5;

    private readonly string _tree = ProcessMark.NextTree();
    private readonly string _variable;
    private readonly ulong? _inherited;

    /// <summary>Makes marks that no other process has.</summary>
    public MarkedProcesses()
    {
        _variable = $"{ProcessMark.TreeVariable}={_tree}";
        _inherited = InheritedMark.Of(_variable);
    }

    /// <summary>The variables for the program.</summary>
    public IReadOnlyList<(string Name, string Value)> Variables =>
        [(ProcessMark.OwnerVariable, DaemonIdentity.Own.ToString()), (ProcessMark.TreeVariable, _tree)];

    /// <summary>Marks the program, which was just started.</summary>
    public void Mark(int process)
    {
        if (_inherited is { } mark)
            InheritedMark.Set(process, mark);
    }

    /// <summary>Kills all processes of this user with these marks, until there are none.</summary>
    public void Kill()
    {
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            if (KillOnce() == 0)
                return;
            Libc.Pause(PauseMilliseconds);
        }
    }

    private int KillOnce()
    {
        int killed = 0;
        foreach (ProcessEntry process in ProcessList.ReadAll().Where(process => process.IsAlive && IsMarked(process.Id)))
        {
            // The id may belong to another process by now. A descriptor keeps the process, so the second check is certain.
            int file = Libc.OpenProcess(process.Id);
            if (file < 0)
                continue;
            if (IsMarked(process.Id) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    private bool IsMarked(int process) =>
        process != Environment.ProcessId
        && ((_inherited is { } mark && InheritedMark.Find(process) == mark) || ProcessList.HasVariable(process, _variable))
        && ProcessList.User(process) == Libc.EffectiveUser();
}
