using System.Globalization;
using System.Runtime.CompilerServices;
using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Finds runners whose requests make no progress. As long as responses pass, it asks nothing. After half of the time limit without a byte it looks at the
/// engine's slots or page, with one request at a time, so that an engine with a single thread is not disturbed: a request that it cannot answer
/// waits, and no second one follows. Thread-safe.
/// </summary>
internal sealed partial class StallWatch : IAsyncDisposable
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);

    private readonly LiveRunners _live;
    private readonly Func<RunnerSettings> _settings;
    private readonly Action<SchedulerEvent> _post;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _ended = new();
    private readonly ConditionalWeakTable<LiveRunner, Look> _looks = [];
    private int _isWatching;

    /// <param name="live">The runners.</param>
    /// <param name="settings">Returns the time limit, and whether a runner is restarted.</param>
    /// <param name="post">Gets what was found.</param>
    /// <param name="logger">The log.</param>
    /// <param name="time">The clock.</param>
    public StallWatch(LiveRunners live, Func<RunnerSettings> settings, Action<SchedulerEvent> post, ILogger logger, TimeProvider time)
    {
        (_live, _settings, _post, _logger, _time) = (live, settings, post, logger, time);
        _timer = time.CreateTimer(_ => Watch(), state: null, IntervalOf(settings().StallTimeout), Timeout.InfiniteTimeSpan);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _timer.DisposeAsync();
        _ended.Dispose();
    }

    private static TimeSpan IntervalOf(TimeSpan limit) =>
        TimeSpan.FromTicks(Math.Clamp(limit.Ticks / 10, limit > TimeSpan.Zero ? ShortestInterval.Ticks : LongestInterval.Ticks, LongestInterval.Ticks));

    private void Watch()
    {
        if (_ended.IsCancellationRequested || Interlocked.Exchange(ref _isWatching, 1) != 0)
            return;
        RunnerSettings settings = _settings();
        foreach (LiveRunner runner in _live.Reachable)
            Watch(runner, settings);
        Volatile.Write(ref _isWatching, 0);
        try
        {
            _timer.Change(IntervalOf(settings.StallTimeout), Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The daemon ends.
        }
    }

    private void Watch(LiveRunner runner, RunnerSettings settings)
    {
        RunnerProgress progress = runner.Progress;
        TimeSpan limit = settings.StallTimeout;
        bool isWatched = limit > TimeSpan.Zero && !runner.Gone.IsCancellationRequested;
        if (isWatched)
            progress.ForgetAfter(limit);
        if (!isWatched || progress.Standstill is not { } standstill || standstill < limit / 2)
        {
            if (isWatched && progress.StalledSince is not null)
                LogNotStalled(runner, limit / 2);
            progress.StalledSince = null;
            _looks.Remove(runner);
            return;
        }

        Look look = _looks.GetOrCreateValue(runner);
        if (look.Reading.IsCompleted)
            look.Reading = LookAsync(runner, look, limit / 2);
        if (standstill < limit || progress.StalledSince is not null)
            return;

        progress.StalledSince = _time.GetUtcNow() - standstill;
        string cause = string.Create(CultureInfo.InvariantCulture,
            $"it has had requests for {standstill.TotalSeconds:0.#} s without a byte of a response, and no counter of it moved (limits.stallTimeout)");
        if (runner.Process?.ProcessId is { } process)
            LogStalled(runner.Name, process, progress.Requests, cause);
        else
            LogServerStalled(runner.Name, progress.Requests, cause);
        _post(new RunnerStalled(runner.Id, cause, settings.RestartStalled && runner.Process is not null));
    }

    // Of a runner that is stopped because of it, the stop is in the log.
    private void LogNotStalled(LiveRunner runner, TimeSpan limit)
    {
        if (runner.Progress.Standstill is not null || runner.Progress.HasRestedWithin(limit))
            LogMoves(runner.Name);
        else
            LogLeft(runner.Name);
    }

    private async Task LookAsync(LiveRunner runner, Look look, TimeSpan patience)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, runner.Gone);
        using var limit = new CancellationTokenSource(patience, _time);
        await using CancellationTokenRegistration registration =
            limit.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), either);
        if (await ProgressSign.ReadAsync(runner.Endpoint, either.Token) is not { } sign)
            return;
        if (look.Sign is { } before && before != sign)
            runner.Progress.Move();
        look.Sign = sign;
    }

    [LoggerMessage(LogLevel.Warning, "The runner of {Model} (process {ProcessId}) is stalled, requests={Requests}: {Cause}.")]
    private partial void LogStalled(string model, int processId, int requests, string cause);

    [LoggerMessage(LogLevel.Warning, "The attached server {Server} is stalled, requests={Requests}: {Cause}.")]
    private partial void LogServerStalled(string server, int requests, string cause);

    [LoggerMessage(LogLevel.Information, "The runner of {Model} is no longer stalled.")]
    private partial void LogMoves(string model);

    [LoggerMessage(LogLevel.Information, "No request waits for the stalled runner of {Model} any more. The next one shows whether it still makes no progress.")]
    private partial void LogLeft(string model);

    /// <summary>What was seen of a runner that is silent.</summary>
    private sealed class Look
    {
        public Task Reading { get; set; } = Task.CompletedTask;

        public UInt128? Sign { get; set; }
    }
}
