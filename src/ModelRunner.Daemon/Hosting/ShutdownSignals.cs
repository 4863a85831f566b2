using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// SIGTERM, SIGINT and SIGHUP: the first one asks the daemon to end, a second one ends it at once. The runners end with it in any case.
/// </summary>
internal sealed class ShutdownSignals : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Signals =
        [(PosixSignal.SIGTERM, 15), (PosixSignal.SIGINT, 2), (PosixSignal.SIGHUP, 1)];

    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IDisposable> _registrations = [];
    private readonly Action<int> _endAtOnce;

    /// <summary>Listens for signals from now on.</summary>
    /// <param name="endAtOnce">Ends the process with the exit code it is given.</param>
    /// <param name="cancellationToken">Asks like a first signal.</param>
    public ShutdownSignals(Action<int> endAtOnce, CancellationToken cancellationToken)
    {
        _endAtOnce = endAtOnce;
        _registrations.Add(cancellationToken.Register(() => _asked.TrySetResult()));
        foreach ((PosixSignal signal, int number) in Signals)
            _registrations.Add(PosixSignalRegistration.Create(signal, context => Take(context, number)));
    }

    /// <summary>Completes when the daemon should end.</summary>
    public Task Asked => _asked.Task;

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
}
