using System.Diagnostics.CodeAnalysis;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>A runner that can be reached or is starting. The effects of the scheduler are carried out on it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and late holders of its token may still register.")]
internal sealed class LiveRunner(RunnerId id, RunnerEndpoint endpoint, IManagedRunner? process, string? replica)
{
    private readonly CancellationTokenSource _gone = new();
    private volatile RunnerFailure? _failure;
    private volatile bool _hasServed;
    private int _requests;

    public RunnerId Id { get; } = id;

    public RunnerEndpoint Endpoint { get; } = endpoint;

    /// <summary>Null for an attached runner.</summary>
    public IManagedRunner? Process { get; } = process;

    public string? Replica { get; } = replica;

    /// <summary>Compares the counts of the daemon with those of the runner; null: they are not compared.</summary>
    public RunnerTally? Tally { get; init; }

    /// <summary>The model that its process was started for; null for an attached runner.</summary>
    public ModelEntry? Model { get; init; }

    /// <summary>The totals of its key; null for an attached runner.</summary>
    public RunnerAccount? Account { get; init; }

    /// <summary>Keeps the most memory that it used; null for an attached runner.</summary>
    public PeakWatch? Memory { get; init; }

    /// <summary>When its process was started; null for an attached runner.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>The runners that were stopped for it.</summary>
    public IReadOnlyList<RunnerKey> Evicted { get; init; } = [];

    /// <summary>How it was loaded; null while it loads, and for an attached runner. Only the scheduler loop uses it.</summary>
    public RunnerLoad? Load { get; private set; }

    /// <summary>When its load began, as a timestamp; null for an attached runner.</summary>
    public long? LoadStartedAt { get; init; }

    /// <summary>When it became ready, as a timestamp; null before. Only the scheduler loop uses it.</summary>
    public long? LoadEndedAt { get; private set; }

    /// <summary>Whether it has served a request.</summary>
    public bool HasServed => _hasServed;

    /// <summary>Whether its process has loaded its model.</summary>
    public bool IsReady => Process is { Ready: { IsCompletedSuccessfully: true, Result: null } };

    /// <summary>Whether its requests make progress.</summary>
    public RunnerProgress Progress { get; init; } = new(TimeProvider.System);

    /// <summary>Whose requests run on it.</summary>
    public RunnerUsers Users { get; } = new();

    /// <summary>Its name in the log.</summary>
    public string Name => Model?.Reference ?? Endpoint.Display;

    /// <summary>Whether a request is running on it.</summary>
    public bool IsInUse => Volatile.Read(ref _requests) > 0;

    /// <summary>It has loaded its model.</summary>
    /// <param name="now">The time as a timestamp.</param>
    public void BecomeReady(long now)
    {
        LoadEndedAt = now;
        Load ??= new RunnerLoad(LoadStartedAt ?? now, now, Evicted);
    }

    /// <summary>Counts a request until <see cref="Release"/>.</summary>
    public RequestTurn Hold()
    {
        Tally?.Begin();
        Interlocked.Increment(ref _requests);
        return Progress.Begin();
    }

    /// <summary>A request has ended.</summary>
    /// <param name="progress">What <see cref="Hold"/> returned.</param>
    /// <param name="result">How it ended. A load without a request, or a client that left early, does not show how much memory a request needs.</param>
    public void Release(RequestTurn progress, RequestResult result)
    {
        if (result == RequestResult.Served)
            _hasServed = true;
        Interlocked.Decrement(ref _requests);
        progress.End();
        Tally?.End();
    }

    /// <summary>Cancelled when requests must be aborted: the runner stops or has ended.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Why it ended or is stopped; null while neither happened, and if no failure was the cause.</summary>
    public RunnerFailure? Failure => _failure;

    /// <summary>Why it is stopped on request; null while it is not. Known once <see cref="Gone"/> is cancelled.</summary>
    public StopReason? StopRequest { get; private set; }

    /// <summary>Aborts the requests that are running on it. Completes when all callbacks have run.</summary>
    /// <param name="failure">The cause, if it is a failure.</param>
    /// <param name="reason">The cause, if it is stopped.</param>
    public Task CutAsync(RunnerFailure? failure = null, StopReason? reason = null)
    {
        // The failure because of which it is stopped remains: its exit has no other cause.
        _failure ??= failure;
        if (reason?.IsRequested() == true)
            StopRequest ??= reason;
        return _gone.CancelAsync();
    }

    // A runner that lives for less than a second would never be measured otherwise. Its children do not count here, so this is never too much.
    private void MeasureLast()
    {
        if (IsReady && Process?.ProcessId is { } process && ProcessList.FindFigures(process) is { ResidentBytes: > 0 and var bytes } figures
            && figures.StartTime == (Process.ProcessStartTime ?? figures.StartTime))
            Memory?.Measure(new RunnerUsage(bytes, OpenDescriptors: null, GraphicsBytes: []), HasServed);
    }

    /// <summary>Aborts its requests, then stops the process: llama-server does not exit while a connection is open.</summary>
    /// <param name="reason">Why it is stopped.</param>
    /// <param name="failure">The failure because of which it is stopped; null: there is none, so its counters are read before.</param>
    /// <param name="time">The clock.</param>
    public async Task StopAsync(StopReason reason, RunnerFailure? failure, TimeProvider time)
    {
        try
        {
            MeasureLast();
            await CutAsync(failure, reason);
            if (failure is null && Tally is not null && Process is { Ready.IsCompleted: true, Exited.IsCompleted: false })
                await LastReading.TakeAsync(Endpoint, Tally, time);
        }
        finally
        {
            if (Process is not null)
                await Process.StopAsync(reason);
        }
    }
}
