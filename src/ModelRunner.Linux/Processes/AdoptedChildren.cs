using System.Runtime.InteropServices;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Reaps child processes that this process did not start: descendants of runners whose own parent ended, and every orphan where this process
/// is the first of a container. Without it they would stay as zombies.
/// </summary>
/// <remarks>
/// The code that started a child also reaps it, and fails if it was reaped elsewhere: <see cref="ChildProcess"/> for runners, .NET for its
/// own. So a child is reaped here only when it is unknown and still a zombie one second after it was first seen as one; the others are reaped
/// within milliseconds. A scan runs only after a child has ended, so an idle daemon does nothing.
/// </remarks>
internal sealed unsafe class AdoptedChildren : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly PosixSignalRegistration _registration;
    private readonly Timer _timer;
    private Dictionary<int, long> _seen = [];
    private bool _isDisposed;
    private bool _isPending;

    public AdoptedChildren()
    {
        _timer = new Timer(_ => Look());
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => LookSoon());
        LookSoon();
    }

    public void Dispose()
    {
        _registration.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            _timer.Dispose();
        }
    }

    private void LookSoon()
    {
        lock (_gate)
            Schedule();
    }

    // A scan that is scheduled is not postponed: children may end all the time.
    private void Schedule()
    {
        if (_isDisposed || _isPending)
            return;
        _isPending = true;
        _timer.Change(Pause, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;

            _isPending = false;
            Dictionary<int, long> zombies = [];
            foreach (ProcessEntry process in ProcessList.ReadAll())
            {
                if (process.IsAlive || process.Parent != Environment.ProcessId || ChildProcess.IsKnown(process.Id))
                    continue;

                int status;
                if (_seen.TryGetValue(process.Id, out long startTime) && startTime == process.StartTime)
                    _ = Libc.WaitPid(process.Id, &status, Libc.WaitNoHang);
                else
                    zombies.Add(process.Id, process.StartTime);
            }

            _seen = zombies;
            if (zombies.Count > 0)
                Schedule();
        }
    }
}
