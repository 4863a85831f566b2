using System.Runtime.InteropServices;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// SIGTERM and SIGINT: the first one asks the daemon to end, a second one ends it at once. The runners end with it in any case. SIGHUP is
/// ignored unless the daemon's terminal is gone, which counts as SIGTERM.
/// </summary>
internal sealed class ShutdownSignals : IDisposable
{
    private const int Terminate = 15;
    private const int Interrupt = 2;

    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TerminalWatch _terminal = TerminalWatch.OfProcess();
    private readonly List<IDisposable> _registrations = [];
    private readonly Action<int> _endAtOnce;
    private readonly Action _noteHangup;

    /// <summary>Listens for signals from now on.</summary>
    /// <param name="endAtOnce">Ends the process with the exit code it is given.</param>
    /// <param name="noteHangup">Told of a SIGHUP that is ignored.</param>
    /// <param name="cancellationToken">Asks like a first signal.</param>
    public ShutdownSignals(Action<int> endAtOnce, Action noteHangup, CancellationToken cancellationToken)
    {
        (_endAtOnce, _noteHangup) = (endAtOnce, noteHangup);
        _registrations.Add(cancellationToken.Register(() => _asked.TrySetResult()));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, Terminate)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, Interrupt)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, TakeHangup));
    }

    /// <summary>Completes when the daemon should end.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Asks like a first signal.</summary>
    public void Ask() => _asked.TrySetResult();

    public void Dispose()
    {
        foreach (IDisposable registration in _registrations)
            registration.Dispose();
    }

    private void Take(PosixSignalContext context, int number)
    {
        context.Cancel = true;

        // As shells number an end by a signal.
        if (!_asked.TrySetResult())
            _endAtOnce(128 + number);
    }

    // The kernel and the shell may both send it when a terminal closes, so a second one is not a wish to end at once.
    private void TakeHangup(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_terminal.IsGone)
            _asked.TrySetResult();
        else
            _noteHangup();
    }
}
