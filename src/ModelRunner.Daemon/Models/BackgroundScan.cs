using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Reads one place in the background: at the start, soon after each change, and from time to time. Keeps what was found. No request starts a scan, except one
/// that changed the place itself. Safe to call from any thread.
/// </summary>
/// <typeparam name="T">What a scan finds.</typeparam>
internal sealed class BackgroundScan<T> : IDisposable
    where T : class
{
    /// <summary>A scan begins when nothing was changed for this time.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);

    /// <summary>While changes go on, a scan begins after this time.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>The time between two scans of a place whose changes are noticed. Some are not: of a mounted disk, for example.</summary>
    public static readonly TimeSpan WatchedInterval = TimeSpan.FromMinutes(1);

    /// <summary>The time between two scans of a place that cannot be watched, and after a scan that failed.</summary>
    public static readonly TimeSpan UnwatchedInterval = TimeSpan.FromSeconds(5);

    /// <summary>The failure of a scan that has a fault of the daemon.</summary>
    public const string InternalError = "an internal error of the daemon";

    /// <summary>The pause after a scan, as a multiple of its duration: at most a twentieth of one thread's time goes to scans without a reason.</summary>
    private const int PauseFactor = 20;

    /// <summary>The same while changes go on: at most a third of one thread's time.</summary>
    private const int PauseFactorForChanges = 2;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly FileThreads _threads;
    private readonly Func<WatchScan?, T> _read;
    private readonly Action _changed;
    private readonly Action<Exception> _failed;
    private readonly WatchGroup? _watches;
    private readonly ITimer _timer;
    private TaskCompletionSource _next = NewSignal();
    private TaskCompletionSource _current = NewSignal();
    private bool _isStarted;
    private bool _isRunning;
    private bool _isDirty;
    private bool _isUrgent;
    private bool _hasEnded;
    private bool _isDisposed;
    private bool _isWatched;
    private long _firstChange;
    private long _lastChange;
    private long _started;
    private long _ended;
    private TimeSpan _duration;

    /// <param name="time">The clock.</param>
    /// <param name="threads">The threads for scans.</param>
    /// <param name="read">Reads the place. It gets the watches for it, if there is a watcher.</param>
    /// <param name="watcher">Tells about changes; null: the place is scanned from time to time only.</param>
    /// <param name="changed">Called on the thread of the scan after each scan, before those who wait for it go on.</param>
    /// <param name="failed">Told about a fault of the daemon, once until a scan succeeds.</param>
    public BackgroundScan(
        TimeProvider time, FileThreads threads, Func<WatchScan?, T> read, FolderWatcher? watcher, Action changed, Action<Exception> failed)
    {
        (_time, _threads, _read, _changed, _failed) = (time, threads, read, changed, failed);
        _watches = watcher?.CreateGroup(Invalidate);
        _timer = time.CreateTimer(_ => Tick(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the last scan found that did not fail; null: there was none.</summary>
    public T? Content { get; private set; }

    /// <summary>Why the last scan failed, a message of the system; null: it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Why changes may go unnoticed until the next scan, a clause; null: they do not, or there is no watcher at all.</summary>
    public string? WatchProblem { get; private set; }

    /// <summary>Whether no scan has ended until now. A scan ends after its result is in use: the models are combined again before.</summary>
    public bool IsUnknown => !Volatile.Read(ref _hasEnded);

    /// <summary>How long the running scan has taken so far; null: none is running.</summary>
    public TimeSpan? RunsFor
    {
        get
        {
            lock (_lock)
                return _isRunning ? _time.GetElapsedTime(_started) : null;
        }
    }

    /// <summary>Begins the first scan, unless that was done before.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_isStarted || _isDisposed)
                return;
            _isStarted = true;
            Begin();
        }
    }

    /// <summary>Notes a change of the place.</summary>
    public void Invalidate()
    {
        lock (_lock)
        {
            _lastChange = _time.GetTimestamp();
            if (!_isDirty)
                _firstChange = _lastChange;
            _isDirty = true;
            Schedule();
        }
    }

    /// <summary>Scans at once, because the daemon changed the place. A scan that runs may have read it before.</summary>
    public Task ScanNowAsync()
    {
        lock (_lock)
        {
            _isStarted = _isUrgent = true;
            Task next = _next.Task;
            Schedule();
            return next;
        }
    }

    /// <summary>What is known to be missing from the content: the end of a scan that runs or is due because of a change.</summary>
    /// <returns>The end, completed if nothing is missing, and for how long it has been missing.</returns>
    public (Task End, TimeSpan Age) FindPending()
    {
        lock (_lock)
        {
            if (_isDirty || _isUrgent)
                return (_next.Task, _isDirty ? _time.GetElapsedTime(_firstChange) : TimeSpan.Zero);
            return _isRunning ? (_current.Task, _time.GetElapsedTime(_started)) : (Task.CompletedTask, TimeSpan.Zero);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        _timer.Dispose();
        _watches?.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Tick()
    {
        lock (_lock)
            Schedule();
    }

    private void Schedule()
    {
        if (_isRunning || !_isStarted || _isDisposed)
            return;
        TimeSpan rest = FindRest();
        if (rest <= TimeSpan.Zero)
            Begin();
        else
            _timer.Change(rest, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan FindRest()
    {
        if (_isUrgent)
            return TimeSpan.Zero;
        TimeSpan age = _time.GetElapsedTime(_ended);
        if (!_isDirty)
            return Longer(_isWatched ? WatchedInterval : UnwatchedInterval, _duration * PauseFactor) - age;
        TimeSpan quiet = Quiet - _time.GetElapsedTime(_lastChange), limit = MaxDelay - _time.GetElapsedTime(_firstChange);
        return Longer(quiet < limit ? quiet : limit, (_duration * PauseFactorForChanges) - age);
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Begin()
    {
        (_isRunning, _isDirty, _isUrgent) = (true, false, false);
        _started = _time.GetTimestamp();
        _current = _next;
        _next = NewSignal();
        try
        {
            _ = _threads.RunAsync<object?>(null, Scan);
        }
        catch (OutOfMemoryException)
        {
            End(null, "the system allows no more threads", null);
            Finish();
        }
    }

    private object? Scan()
    {
        T? content = null;
        string? failure = null;
        WatchScan? watches = _watches?.Begin();
        try
        {
            content = _read(watches);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            failure = problem.Message;
        }
        catch (Exception problem)
        {
            // A scan without an end would leave the place unknown for ever.
            failure = InternalError;
            if (Failure != InternalError)
                _failed(problem);
        }

        if (content is null)
            watches?.Release();
        else if (watches is not null)
            _watches!.Keep(watches);
        lock (_lock)
            End(content, failure, watches);
        try
        {
            _changed();
        }
        catch (Exception problem)
        {
            _failed(problem);
        }

        lock (_lock)
            Finish();
        return null;
    }

    // A failed scan keeps what the last one found.
    private void End(T? content, string? failure, WatchScan? watches)
    {
        Content = content ?? Content;
        Failure = failure;
        WatchProblem = content is null ? WatchProblem : watches?.Problem;
        _isWatched = content is not null && watches is { Problem: null };
    }

    private void Finish()
    {
        _ended = _time.GetTimestamp();
        _duration = _time.GetElapsedTime(_started);
        _isRunning = false;
        Volatile.Write(ref _hasEnded, true);
        _current.SetResult();
        Schedule();
    }
}
