using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>A runner that is a child process of the daemon.</summary>
internal sealed class RunnerProcess : IManagedRunner
{
    // A process cannot refuse SIGKILL, but a process that hangs in a driver ends only when the driver call returns.
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(2);
    private const int LinesLogged = 20;

    // The runner counts as ready after this time, whether it told what it uses or not.
    private static readonly TimeSpan InspectionTimeout = TimeSpan.FromMilliseconds(500);

    private readonly TaskCompletionSource<RunnerFailure?> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Action<ChildProcess> _kill;
    private readonly ILogger _logger;
    private readonly OutOfMemoryKills _memoryKills;
    private readonly TaskCompletionSource<RunnerFailure?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunnerSettings _settings;
    private readonly Task<ChildProcess> _spawning;
    private readonly RunnerStart _start;
    private readonly TimeProvider _time;
    private StopReason? _stopReason;
    private Task? _stopping;

    // The cause of its end is found once, because its parts change: the kernel's counters and the ports in use.
    private RunnerFailure? _end;

    /// <param name="spawning">The process, which may not have been started yet.</param>
    /// <param name="start">How it is started.</param>
    /// <param name="settings">Its timeouts.</param>
    /// <param name="memoryKills">Shows whether the kernel killed a process because memory was short.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="kill">Kills it. Only tests replace this.</param>
    public RunnerProcess(
        Task<ChildProcess> spawning, RunnerStart start, RunnerSettings settings, OutOfMemoryKills memoryKills, TimeProvider time, ILogger logger,
        Action<ChildProcess>? kill = null)
    {
        _kill = kill ?? (static child => child.Kill());
        (_spawning, _start, _settings, _memoryKills, _time, _logger) = (spawning, start, settings, memoryKills, time, logger);
        Program = EngineProgram.Of(start.Engine.Name, start.Program);
        _ = WatchAsync();
    }

    public RunnerEndpoint Endpoint => _start.Endpoint;

    public int? ProcessId => Child?.Id;

    public long? ProcessStartTime => Child is { StartTime: > 0 and var start } ? start : null;

    public TimeSpan? CpuTime => Child is { Exited.IsCompleted: true } child ? child.CpuTime : null;

    public EngineProgram? Program { get; }

    public IReadOnlyList<ModelFile> LoadedFiles => Child is null ? [] : _start.Files.Loaded;

    public IReadOnlyList<string> Arguments => _start.UsableArguments;

    public LogRing? Output => Child?.Output;

    public RunnerReceipt? Receipt { get; private set; }

    public SlotReport? Slots => _start.Slots?.Report;

    public Task<RunnerFailure?> Ready => _ready.Task;

    public Task<RunnerFailure?> Exited => _exited.Task;

    private ChildProcess? Child => _spawning.IsCompletedSuccessfully ? _spawning.Result : null;

    /// <summary>Why it is stopped; null if no stop was requested.</summary>
    private StopReason? RequestedStop
    {
        get
        {
            lock (_gate)
                return _stopReason;
        }
    }

    public Task StopAsync(StopReason reason)
    {
        lock (_gate)
        {
            if (_stopping is null)
                (_stopReason, _stopping) = (reason, Task.Run(() => EndAsync(reason)));
            return _stopping;
        }
    }

    // Requests wait for the end of the start, and the scheduler for the end of the process, whatever happens here.
    private async Task WatchAsync()
    {
        try
        {
            await FollowAsync();
        }
        catch (Exception failure)
        {
            Child?.Kill();
            Finish(new RunnerFailure(StopReason.NotStarted, $"the daemon failed to watch it: {failure.Message}"));
        }
    }

    private async Task FollowAsync()
    {
        ChildProcess child;
        try
        {
            child = await _spawning;
        }
        catch (SpawnException failure)
        {
            Finish(new RunnerFailure(StopReason.NotStarted, failure.Message));
            return;
        }
        catch (StartCancelledException cancelled)
        {
            Finish(cancelled.Failure);
            return;
        }

        string shown = string.Join(' ', _start.UsableArguments);
        RunnerProcessLog.Starting(_logger, _start.Reference, child.Id, _start.Program, shown);
        RunnerFailure? failed = await BecomeReadyAsync(child);
        if (failed is null)
        {
            _ready.TrySetResult(null);
        }
        else
        {
            _kill(child);
            if (!await EndsWithinAsync(child.Exited, KillPatience))
            {
                // The failure must be reported even if the process does not end: requests wait for it.
                RunnerProcessLog.CannotBeKilled(_logger, _start.Reference, child.Id, KillPatience.TotalSeconds);
                Finish(failed);
                return;
            }
        }

        ExitStatus status = await child.Exited;
        if (child.Survivors > 0)
            RunnerProcessLog.DescendantsSurvive(_logger, _start.Reference, child.Id, child.Survivors);
        if (failed is null && RequestedStop is null)
            failed = Describe(child, status);
        Finish(failed);
    }

    /// <summary>Waits until it is ready or has ended, and returns null for both. Otherwise returns why it must be stopped.</summary>
    private async Task<RunnerFailure?> BecomeReadyAsync(ChildProcess child)
    {
        long started = _time.GetTimestamp();
        using var probing = new CancellationTokenSource(_settings.LoadTimeout, _time);
        var readiness = new ReadinessProbe(_start, _time, port => LoopbackPort.OwnerOf(port, child.RunsAs));
        Task<RunnerFailure?> probe = readiness.WaitAsync(probing.Token);
        await Task.WhenAny(probe, child.Exited);

        // If the process has ended, another program may have responded on its port.
        if (!probe.IsCompleted || child.Exited.IsCompleted)
        {
            // The probe must end: its process has ended.
            await probing.CancelAsync();
            await probe.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            _ready.TrySetResult(DescribeEarlyEnd(child, await child.Exited));
            return null;
        }

        if (!probe.IsCompletedSuccessfully)
            return new(StopReason.LoadTimeout, string.Create(CultureInfo.InvariantCulture,
                $"{_start.Engine.Name} was not ready after {_settings.LoadTimeout.TotalSeconds:0.###} s: {readiness.Problem}"));
        if (await probe is { } failure)
            return failure;

        await InspectAsync(child);
        if (_start.Slots is { } slots)
            await slots.PrepareAsync(Receipt?.EngineVersion);
        double milliseconds = _time.GetElapsedTime(started).TotalMilliseconds;
        if (child.Exited.IsCompleted)
            _ready.TrySetResult(DescribeEarlyEnd(child, await child.Exited));
        else
            RunnerProcessLog.IsReady(_logger, _start.Reference, child.Id, milliseconds);
        return null;
    }

    private async Task InspectAsync(ChildProcess child)
    {
        using var limit = new CancellationTokenSource(InspectionTimeout, _time);
        try
        {
            Receipt = await _start.Engine.InspectAsync(_start, child.Output.ReadLines(), limit.Token);
        }
        catch (Exception failure)
        {
            // The runner works, and only the report of what it uses is missing.
            RunnerProcessLog.NotInspected(_logger, _start.Reference, child.Id, failure.Message);
        }

        if (Receipt is { Shortfalls: { Count: > 0 } shortfalls })
            RunnerProcessLog.FallsShort(_logger, _start.Reference, child.Id, string.Join("; ", shortfalls));
    }

    private RunnerFailure DescribeEarlyEnd(ChildProcess child, ExitStatus status) => RequestedStop is { } reason
        ? new(reason, $"{_start.Engine.Name} was stopped before it was ready")
        : Describe(child, status);

    private RunnerFailure Describe(ChildProcess child, ExitStatus status) => _end ??= _start.Engine.Explain(
        _start, status, child.Output.ReadLines(), ExplainKill(child, status), wasReady: _ready.Task.IsCompleted);

    private MemoryKill ExplainKill(ChildProcess child, ExitStatus status)
    {
        if (status.Signal != Libc.SigKill)
            return MemoryKill.No;

        // Both are asked: the kernel's log and counters have this end too, and it must not explain the end of another runner.
        MemoryKill kill = _memoryKills.Explain(child.Id);
        return _start.Group is { HasRunOutOfMemory: true } ? MemoryKill.AtLimit : kill;
    }

    private void Finish(RunnerFailure? failure)
    {
        RemoveSocket();
        _start.Group?.Remove();
        string? reason = RequestedStop?.ToLabelValue();
        if (failure is not null)
            LogFailure(failure);
        else if (Child is { } child)
            RunnerProcessLog.Ended(_logger, _start.Reference, child.Id, reason);

        _ready.TrySetResult(failure);
        _exited.TrySetResult(failure);
    }

    private void LogFailure(RunnerFailure failure)
    {
        int process = ProcessId ?? 0;
        RunnerProcessLog.Failed(_logger, _start.Reference, process, failure.Reason.ToLabelValue(), failure.Message);
        if (!_logger.IsEnabled(LogLevel.Warning))
            return;
        foreach (string line in Child?.Output.ReadLines(LinesLogged) ?? [])
            RunnerProcessLog.Wrote(_logger, _start.Reference, process, line);
    }

    private async Task EndAsync(StopReason reason)
    {
        // If the process is still being started, wait for it, so that it is stopped too.
        await ((Task)_spawning).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Child is not { } child)
            return;

        if (reason.IsRequested() && _start.Slots is { } slots && _ready.Task is { IsCompletedSuccessfully: true, Result: null } && !child.Exited.IsCompleted)
            await slots.SaveAsync();
        child.AskToEnd(_settings.StopGrace);
        if (await EndsWithinAsync(_exited.Task, _settings.StopGrace))
            return;

        RunnerProcessLog.Killing(_logger, _start.Reference, child.Id, _settings.StopGrace.TotalSeconds);
        _kill(child);
        if (await EndsWithinAsync(_exited.Task, KillPatience))
            return;

        // The stop must complete even if the process does not end.
        RunnerProcessLog.CannotBeKilled(_logger, _start.Reference, child.Id, KillPatience.TotalSeconds);
        RemoveSocket();
        _ready.TrySetResult(new(reason, $"{_start.Engine.Name} could not be killed"));
        _exited.TrySetResult(null);
    }

    private async Task<bool> EndsWithinAsync(Task end, TimeSpan patience)
    {
        try
        {
            await end.WaitAsync(patience, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void RemoveSocket()
    {
        if (_start.SocketPath is not { } path)
            return;
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // No later start uses this path, and the folder is removed when the daemon ends.
        }
    }
}
