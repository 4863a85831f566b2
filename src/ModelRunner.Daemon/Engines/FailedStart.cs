using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>A start that failed before there was a process.</summary>
internal sealed class FailedStart(RunnerFailure failure, RunnerEndpoint endpoint) : IManagedRunner
{
    public RunnerEndpoint Endpoint => endpoint;

    public int? ProcessId => null;

    public long? ProcessStartTime => null;

    public LogRing? Output => null;

    public RunnerReceipt? Receipt => null;

    public SlotReport? Slots => null;

    public TimeSpan? CpuTime => null;

    public EngineProgram? Program => null;

    public IReadOnlyList<ModelFile> LoadedFiles => [];

    public IReadOnlyList<string> Arguments => [];

    public Task<RunnerFailure?> Ready { get; } = Task.FromResult<RunnerFailure?>(failure);

    public Task<RunnerFailure?> Exited => Ready;

    public Task StopAsync(StopReason reason) => Task.CompletedTask;
}
