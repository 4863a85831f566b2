using System.Globalization;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// One start of a runner, from its process to its end: it becomes ready or fails, lives, and stops within a bounded time.
/// Members are safe to use from any thread.
/// </summary>
internal sealed class RunnerProcess
{
    // SIGKILL cannot be refused, but a process that hangs in a driver ends only when the driver lets it.
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(2);
    private const int LinesShown = 20;

    private readonly ChildProcess _child;
    private readonly TaskCompletionSource<RunnerFailure?> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly ILogger _logger;
    private readonly TaskCompletionSource<RunnerFailure?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunnerSettings _settings;
    private readonly RunnerStart _start;
    private readonly TimeProvider _time;
    private RunnerFailure? _failure;
    private Task? _stopping;

    public RunnerProcess(ChildProcess child, RunnerStart start, RunnerSettings settings, TimeProvider time, ILogger logger)
    {
        (_child, _start, _settings, _time, _logger) = (child, start, settings, time, logger);
        _ = WatchAsync();
    }

    public int ProcessId => _child.Id;

    /// <summary>How it was started and how it is reached.</summary>
    public RunnerStart Start => _start;

    /// <summary>Completes once: with null when it is ready, or with the reason why it never will be; its process is gone then.</summary>
    public Task<RunnerFailure?> Ready => _ready.Task;

    /// <summary>Completes when its process is gone: with null where that was asked for, else with the reason.</summary>
    public Task<RunnerFailure?> Exited => _exited.Task;

    /// <summary>The last lines that it wrote, oldest first, safe to show.</summary>
    public IReadOnlyList<string> LastLines(int maxCount = LinesShown) => _child.Output.ReadLines(maxCount);

    /// <summary>
    /// Ends it: SIGTERM, the grace time, then SIGKILL for its whole process group. Requests that are under way must have been cut
    /// before, for llama-server waits for them. Completes when the process is gone, at most two seconds after the grace time. Calls after
    /// the first share its work.
    /// </summary>
    public Task StopAsync()
    {
        lock (_gate)
            return _stopping ??= Task.Run(EndAsync);
    }

    private bool IsStopping
    {
        get
        {
            lock (_gate)
                return _stopping is not null;
        }
    }

    private async Task WatchAsync()
    {
        long started = _time.GetTimestamp();
        using (var probing = new CancellationTokenSource(_settings.LoadTimeout, _time))
        {
            Task<string?> probe = _start.Probe.WaitAsync(probing.Token);
            await Task.WhenAny(probe, _child.Exited);
            if (!_child.Exited.IsCompleted)
                await AcceptAsync(probe, started);

            // Nobody may go on asking through a socket that can belong to nobody, and nothing thrown there is of interest any more.
            await probing.CancelAsync();
            await probe.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        Finish(await _child.Exited);
    }

    /// <summary>Looks at what the probe found, and kills a process that is of no use.</summary>
    private async Task AcceptAsync(Task<string?> probe, long started)
    {
        if (!probe.IsCompletedSuccessfully)
        {
            _failure = new(RunnerFailureReason.LoadTimeout, string.Create(CultureInfo.InvariantCulture,
                $"{_start.Engine.Name} was not ready after {_settings.LoadTimeout.TotalSeconds:0.###} s"));
        }
        else if (await probe is { } name)
        {
            _failure = new(RunnerFailureReason.WrongModel, $"{_start.Engine.Name} answers as \"{name}\" instead of \"{_start.Reference}\"");
        }
        else
        {
            double milliseconds = _time.GetElapsedTime(started).TotalMilliseconds;
            RunnerProcessLog.IsReady(_logger, _start.Reference, _child.Id, milliseconds);
            _ready.TrySetResult(null);
            return;
        }

        _child.SignalGroup(Libc.SigKill);
    }

    private void Finish(ExitStatus status)
    {
        RunnerFailure? failure = _failure;
        if (failure is null && !IsStopping)
            failure = ExitCause.Describe(_start.Engine.Name, status, _child.Output.ReadLines());

        RemoveSocket();
        if (failure is null)
            RunnerProcessLog.Ended(_logger, _start.Reference, _child.Id);
        else
            LogFailure(failure);

        _ready.TrySetResult(failure ?? new(RunnerFailureReason.Stopped, $"{_start.Engine.Name} was stopped before it was ready"));
        _exited.TrySetResult(failure);
    }

    private void LogFailure(RunnerFailure failure)
    {
        RunnerProcessLog.Failed(_logger, _start.Reference, _child.Id, failure.Message);
        if (!_logger.IsEnabled(LogLevel.Warning))
            return;
        foreach (string line in LastLines())
            RunnerProcessLog.LastWords(_logger, _start.Reference, _child.Id, line);
    }

    private async Task EndAsync()
    {
        _child.Signal(Libc.SigTerm);
        if (await IsGoneWithinAsync(_settings.StopGrace))
            return;

        RunnerProcessLog.Killing(_logger, _start.Reference, _child.Id, _settings.StopGrace.TotalSeconds);
        _child.SignalGroup(Libc.SigKill);
        if (await IsGoneWithinAsync(KillPatience))
            return;

        // A stop ends, whatever the process does.
        RunnerProcessLog.CannotBeKilled(_logger, _start.Reference, _child.Id);
        RemoveSocket();
        _ready.TrySetResult(new(RunnerFailureReason.Stopped, $"{_start.Engine.Name} could not be killed"));
        _exited.TrySetResult(null);
    }

    private async Task<bool> IsGoneWithinAsync(TimeSpan patience)
    {
        try
        {
            await _exited.Task.WaitAsync(patience, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void RemoveSocket()
    {
        try
        {
            File.Delete(_start.SocketPath);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // No later start uses this path, and the folder goes when the daemon does.
        }
    }
}
