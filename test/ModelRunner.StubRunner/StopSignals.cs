using System.Runtime.InteropServices;

namespace ModelRunner.StubRunner;

/// <summary>
/// SIGTERM and SIGINT as llama-server takes them: generation stops at once, the process ends when the last client has left, and a second
/// signal ends it immediately with code 1. Before the model is loaded the first one kills.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StubFaults _faults;
    private readonly PosixSignalRegistration[] _registrations;
    private readonly StubState _state;

    public StopSignals(StubState state, StubFaults faults)
    {
        (_state, _faults) = (state, faults);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        ];
    }

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Ended => _ended.Task;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_faults.IsOn("ignore_sigterm"))
            return;
        if (!_state.IsReady)
            ProcessFaults.EndBySignal(15);
        if (_state.Stopping.IsCancellationRequested)
            Environment.Exit(1);

        _state.Stopping.Cancel();
        _ = EndWhenClientsLeftAsync();
    }

    private async Task EndWhenClientsLeftAsync()
    {
        while (_state.InFlight > 0)
            await Task.Delay(5);

        _ended.TrySetResult(0);
    }
}
