using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Starts the guardian: a small process that outlives this one. It holds the other end of a pipe, so it sees the end of this process even
/// after SIGKILL. Then it kills every process that has this daemon's mark, inherited or in its environment: the parent-death signal reaches only
/// the processes that the daemon started itself, not those that they started. See <see cref="GuardRunners"/>.
/// </summary>
/// <remarks>
/// This process also becomes the parent of its descendants whose own parent ended, and reaps them (<see cref="AdoptedChildren"/>). The guardian
/// is started before that: it must not become a child of this process, or a count of runners would include it. Only the thread that starts
/// runners may use this; it is disposed when that thread has ended.
/// </remarks>
internal sealed unsafe class Guardian(IReadOnlyList<string> places, Action<string> complain) : IDisposable
{
    private const byte DoneByte = (byte)'.';
    private const int FirstProcess = 1;

    private AdoptedChildren? _adopted;
    private bool _hasComplained;
    private int _pipe = -1;

    /// <summary>Makes this process the parent of descendants whose parent ends, and reaps them. Call it before a runner starts.</summary>
    public void AdoptOrphans()
    {
        _ = Libc.ProcessControl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        _adopted ??= new AdoptedChildren();
    }

    /// <summary>Starts it where it does not run. A failure is reported once, and the daemon continues without a guardian.</summary>
    public void EnsureStarted()
    {
        // When the first process of a namespace ends, the kernel ends all others.
        if (Environment.ProcessId == FirstProcess || IsThere)
            return;

        // The guardian itself must not become a child of this process, so it starts while nobody is adopted.
        TryStart();
        AdoptOrphans();
    }

    /// <summary>Ends it: at once where no runner is left, else after this process has ended and it has cleaned up.</summary>
    public void Dispose()
    {
        _adopted?.Dispose();
        if (_pipe < 0)
            return;

        byte done = DoneByte;
        if (!ChildProcess.IsAnyLeft)
            _ = Libc.Write(_pipe, &done, 1);
        _ = Libc.Close(_pipe);
        _pipe = -1;
    }

    private bool IsThere
    {
        get
        {
            // The pipe reports an error once no process has the reading end any more.
            var entry = new PollEntry { File = _pipe };
            return _pipe >= 0 && Libc.Poll(&entry, 1, 0) == 0;
        }
    }

    private void TryStart()
    {
        try
        {
            Start();
        }
        catch (SpawnException failure)
        {
            if (!_hasComplained)
                complain(failure.Message);
            _hasComplained = true;
        }
    }

    private void Start()
    {
        if (_pipe >= 0)
            _ = Libc.Close(_pipe);
        _pipe = -1;
        _ = Libc.ProcessControl(Libc.SetChildSubreaper, 0, 0, 0, 0);

        int* ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.OpenCloseOnExec) != 0)
            throw new SpawnException($"no pipe to it: {NativeSpawn.Explain(Marshal.GetLastPInvokeError())}");
        int nothing = Libc.OpenAt(Libc.CurrentDirectory, "/dev/null", Libc.OpenReadWrite | Libc.OpenCloseOnExec, 0);
        try
        {
            int step = NativeSpawn.Start(
                GuardRunners.Command(DeathSignal.Executable, DaemonIdentity.Own, places), GuardRunners.Environment(), "/", nothing, ends[0]);
            Collect(step);
            _pipe = ends[1];
        }
        catch (SpawnException)
        {
            _ = Libc.Close(ends[1]);
            throw;
        }
        finally
        {
            _ = Libc.Close(ends[0]);
            _ = Libc.Close(nothing);
        }
    }

    /// <summary>Waits for the process that started the guardian, so that the guardian is not a child of this process.</summary>
    private static void Collect(int step)
    {
        int status;
        while (Libc.WaitPid(step, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted)
        {
        }

        ExitStatus end = ExitStatus.FromWaitStatus(status);
        if (end.Code != 0)
            throw new SpawnException($"its first step {end}");
    }
}
