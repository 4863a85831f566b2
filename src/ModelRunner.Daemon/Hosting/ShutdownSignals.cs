using System.Runtime.InteropServices;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// SIGTERM and SIGINT: the first signal asks the daemon to drain and end, a second one ends the drain, a third one ends the process at once.
/// The runners end in all cases.
/// SIGHUP reads the configuration again, unless the daemon's terminal has closed; then it counts as SIGTERM.
/// </summary>
internal sealed class ShutdownSignals : IDisposable
{
    private const int Terminate = 15;
    private const int Interrupt = 2;

    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TerminalWatch _terminal = TerminalWatch.OfProcess();
    private readonly List<IDisposable> _registrations = [];
    private readonly Action _endDrain;
    private readonly Action<int> _endAtOnce;
    private readonly Action _reload;
    private int _isDrainEnded;

    /// <summary>Handles signals from now on.</summary>
    /// <param name="endDrain">Cuts what is still running. It may take its time: each signal has its own thread.</param>
    /// <param name="endAtOnce">Ends the process with the given exit code.</param>
    /// <param name="reload">Reads the configuration again. It must return at once.</param>
    /// <param name="cancellationToken">Cancelling it has the effect of a first signal.</param>
    public ShutdownSignals(Action endDrain, Action<int> endAtOnce, Action reload, CancellationToken cancellationToken)
    {
        (_endDrain, _endAtOnce, _reload) = (endDrain, endAtOnce, reload);
        _registrations.Add(cancellationToken.Register(() => _asked.TrySetResult()));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, Terminate)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, Interrupt)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, TakeHangup));
    }

    /// <summary>Completes when the daemon should end.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Has the effect of a first signal.</summary>
    public void Ask() => _asked.TrySetResult();

    public void Dispose()
    {
        foreach (IDisposable registration in _registrations)
            registration.Dispose();
    }

    private void Take(PosixSignalContext context, int number)
    {
        context.Cancel = true;

        if (_asked.TrySetResult())
            return;
        if (Interlocked.Exchange(ref _isDrainEnded, 1) == 0)
            _endDrain();
        else
            _endAtOnce(128 + number); // As shells number the exit codes of processes that a signal ended.
    }

    // The kernel and the shell may both send SIGHUP when a terminal closes, so a second SIGHUP does not end the daemon at once.
    private void TakeHangup(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_terminal.IsGone)
            _asked.TrySetResult();
        else
            _reload();
    }
}
