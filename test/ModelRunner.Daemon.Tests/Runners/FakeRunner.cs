using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>A managed runner without a process: the test says what happens to it.</summary>
internal sealed class FakeRunner(RunnerId id, RunnerKey key) : IManagedRunner
{
    private readonly TaskCompletionSource<RunnerFailure?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<RunnerFailure?> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StopReason _stopReason = StopReason.Shutdown;
    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunnerId Id => id;

    public RunnerKey Key => key;

    public RunnerEndpoint Endpoint { get; } = RunnerEndpointFactory.ForSocket(id, $"/nowhere/{id.Value}.sock");

    public int? ProcessId
    {
        get
        {
            OnProcessId?.Invoke();
            return 1000 + (int)id.Value;
        }
    }

    public long? ProcessStartTime => null;

    public LogRing? Output { get; init; }

    public RunnerReceipt? Receipt { get; set; }

    public SlotReport? Slots { get; set; }

    public TimeSpan? CpuTime { get; set; }

    public EngineProgram? Program => null;

    public IReadOnlyList<ModelFile> LoadedFiles { get; set; } = [];

    public IReadOnlyList<string> Arguments => [];

    public Task<RunnerFailure?> Ready => _ready.Task;

    public Task<RunnerFailure?> Exited => _exited.Task;

    /// <summary>Completes when it is stopped.</summary>
    public Task StopAsked => _stopAsked.Task;

    /// <summary>Called when its process is asked for, as each measurement does at its beginning.</summary>
    public Action? OnProcessId { get; set; }

    /// <summary>Called when it is stopped, before the stop is recorded.</summary>
    public Action? OnStop { get; set; }

    /// <summary>Whether it ends at once when it is stopped.</summary>
    public bool EndsWhenAsked { get; set; } = true;

    public void BecomeReady() => _ready.TrySetResult(null);

    public void Fail(string message, StopReason reason = StopReason.Exited) => End(new RunnerFailure(reason, message));

    public void End(RunnerFailure? failure = null)
    {
        _ready.TrySetResult(failure ?? new RunnerFailure(_stopReason, "stopped before it was ready"));
        _exited.TrySetResult(failure);
    }

    public Task StopAsync(StopReason reason)
    {
        _stopReason = reason;
        OnStop?.Invoke();
        _stopAsked.TrySetResult();
        if (EndsWhenAsked)
            End();
        return _exited.Task;
    }
}
