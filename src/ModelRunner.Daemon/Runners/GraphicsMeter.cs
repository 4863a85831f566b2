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
        _isBusy = true;
        try
        {
            new Thread(() => Run(read)) { IsBackground = true, Name = "graphics memory" }.Start();
        }
        catch (OutOfMemoryException)
        {
            // The process may not have another thread now.
            _isBusy = false;
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
        }
    }

    [LoggerMessage(LogLevel.Warning, "The memory of graphics cards could not be read. Its series are absent while that fails; this is logged once.")]
    private partial void LogFailed(Exception failure);
}
