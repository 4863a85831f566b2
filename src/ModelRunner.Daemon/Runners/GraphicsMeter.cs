using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Reads the memory of graphics cards on a separate thread, so that a driver that hangs delays nothing: there is at most one such thread, and what
/// was read last is used until it is too old. Thread-safe.
/// </summary>
/// <param name="read">Reads what these processes use; null: the machine has no driver that tells it.</param>
/// <param name="release">Releases the drivers until the next reading.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log. It gets the first failure only.</param>
internal sealed partial class GraphicsMeter(
    Func<IReadOnlyCollection<int>, GraphicsReading?> read, Action release, TimeProvider time, ILogger logger)
{
    /// <summary>How long a reading is used before the next one begins.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How old a reading may be.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private static readonly GraphicsReading Nothing = new();

    private readonly Lock _lock = new();
    private bool _isBusy;
    private bool _isReleased = true;
    private bool _mustRelease;
    private bool _isAbsent;
    private bool _hasFailed;
    private long? _startedAt;
    private (GraphicsReading Reading, long At)? _last;
    private long _lastStart;
    private TaskCompletionSource _ended = new();

    /// <summary>What was read last; nothing if that is too old.</summary>
    public GraphicsReading Latest
    {
        get
        {
            lock (_lock)
                return _last is { } last && time.GetElapsedTime(last.At) < MaxAge ? last.Reading : Nothing;
        }
    }

    /// <summary>Begins to read if that is due, and returns at once.</summary>
    public void Refresh(IReadOnlyCollection<int> processes)
    {
        lock (_lock)
        {
            _mustRelease = false;
            if (_isBusy || _isAbsent || (_startedAt is { } start && time.GetElapsedTime(start) < Interval))
                return;
            (_isReleased, _startedAt) = (false, time.GetTimestamp());
            Begin(() => Keep(read(processes)));
        }
    }

    /// <summary>
    /// Reads now. If the driver takes longer than the patience, or has done so already, the result is what was read last; null if that is too old, or if
    /// there is no driver.
    /// </summary>
    /// <param name="processes">The processes.</param>
    /// <param name="patience">How long to wait.</param>
    public async Task<GraphicsReading?> ReadAsync(IReadOnlyCollection<int> processes, TimeSpan patience)
    {
        long asked = time.GetTimestamp();

        // A reading that runs already may have begun too early.
        for (int i = 0; i < 2; i++)
        {
            Task ended;
            lock (_lock)
            {
                _mustRelease = false;
                if (_isAbsent)
                    return null;
                if (!_isBusy)
                {
                    (_isReleased, _startedAt) = (false, time.GetTimestamp());
                    Begin(() => Keep(read(processes)));
                }

                if (!_isBusy || (_startedAt is { } start && time.GetElapsedTime(start) > patience))
                    break;
                ended = _ended.Task;
            }

            try
            {
                await ended.WaitAsync(patience, time);
            }
            catch (TimeoutException)
            {
                break;
            }

            lock (_lock)
            {
                if (_last is { } last && _lastStart >= asked)
                    return last.Reading;
            }
        }

        lock (_lock)
            return _last is { } known && time.GetElapsedTime(known.At) < MaxAge ? known.Reading : null;
    }

    /// <summary>
    /// There is no runner, so the drivers are not needed. Returns at once. If a reading is running, they are released when it has ended, unless
    /// <see cref="Refresh"/> is called before.
    /// </summary>
    public void Release()
    {
        lock (_lock)
        {
            if (_isReleased)
                return;
            (_mustRelease, _isAbsent, _startedAt, _last) = (true, false, null, null);
            if (!_isBusy)
                Begin(read: null);
        }
    }

    // The thread ends with the process, even if the driver hangs.
    private void Begin(Action? read)
    {
        (_isBusy, _ended) = (true, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            new Thread(() => Run(read)) { IsBackground = true, Name = "graphics memory" }.Start();
        }
        catch (OutOfMemoryException)
        {
            // The process may not have another thread now.
            _isBusy = false;
            _ended.SetResult();
        }
    }

    private void Run(Action? action)
    {
        do
        {
            try
            {
                action?.Invoke();
            }
            catch (Exception failure)
            {
                // What was read last stays until it is too old.
                if (!_hasFailed)
                    LogFailed(failure);
                _hasFailed = true;
            }

            lock (_lock)
            {
                action = TakeRelease();
                _isBusy = action is not null;
                if (!_isBusy)
                    _ended.SetResult();
            }
        }
        while (action is not null);
    }

    private Action? TakeRelease()
    {
        if (!_mustRelease)
            return null;
        (_mustRelease, _isReleased) = (false, true);
        return release;
    }

    private void Keep(GraphicsReading? reading)
    {
        lock (_lock)
        {
            if (_mustRelease)
                return;
            _isAbsent = reading is null;
            _last = reading is null ? null : (reading, time.GetTimestamp());
            _lastStart = _startedAt ?? 0;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The memory of graphics cards could not be read. Its series are absent while that fails; this is logged once.")]
    private partial void LogFailed(Exception failure);
}
