using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Keeps a small process that outlives this one, holds the other end of a pipe, and so learns of this one's end however it comes. It then
/// kills every process that carries this daemon's mark: the parent-death signal reaches only the processes that the daemon started itself,
/// not what those started. See <see cref="GuardRunners"/>.
/// </summary>
/// <remarks>
/// With it this process becomes the parent of whatever loses its own parent among its descendants, and collects it
/// (<see cref="AdoptedChildren"/>). The guardian comes first: it must not be our child, or whoever counts runners would count it. Used by the
/// thread that starts runners, then disposed.
/// </remarks>
internal sealed unsafe class Guardian(IReadOnlyList<string> places, Action<string> complain) : IDisposable
{
    private const byte DoneByte = (byte)'.';
    private const int FirstProcess = 1;

    private AdoptedChildren? _adopted;
    private bool _hasComplained;
    private int _pipe = -1;

    /// <summary>Starts it where it is not there; complains once where that fails, and goes on without.</summary>
    public void EnsureStarted()
    {
        // When the first process of a namespace ends, the kernel ends all others.
        if (Environment.ProcessId != FirstProcess && !IsThere)
            TryStart();

        _ = Libc.ProcessControl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        _adopted ??= new AdoptedChildren();
    }

    /// <summary>Lets it go: at once where no runner is left, else when this process has ended and it has cleaned up.</summary>
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
            // The pipe reports an error once nobody can read from it any more.
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

    /// <summary>Waits for the step that started the guardian, so that the guardian is nobody's child here.</summary>
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
