using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Reads the memory of graphics cards on a thread of its own, so that a driver that hangs delays nobody: there is at most one such thread, and what
/// was read last is used until it is too old. Thread-safe.
/// </summary>
/// <param name="read">Reads what these processes use; null: the machine has no driver that tells it.</param>
/// <param name="release">Releases the drivers until the next reading.</param>
/// <param name="time">The clock.</param>
internal sealed class GraphicsMeter(Func<IReadOnlyCollection<int>, GraphicsReading?> read, Action release, TimeProvider time)
{
    /// <summary>How long a reading is used before the next one begins.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How old a reading may be.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(15);

    private static readonly GraphicsReading Nothing = new();

    private readonly Lock _lock = new();
    private bool _isBusy;
    private bool _isReleased = true;
    private bool _isAbsent;
    private long? _startedAt;
    private (GraphicsReading Reading, long At)? _last;

    /// <summary>Whether no thread is running.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
                return !_isBusy;
        }
    }

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
            if (_isBusy || _isAbsent || (_startedAt is { } start && time.GetElapsedTime(start) < Interval))
                return;
            (_isReleased, _startedAt) = (false, time.GetTimestamp());
            Run(() => Keep(read(processes)));
        }
    }

    /// <summary>There is no runner, so the drivers are not needed. Returns at once.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (_isBusy || _isReleased)
                return;
            (_isReleased, _isAbsent, _startedAt, _last) = (true, false, null, null);
            Run(release);
        }
    }

    // The thread ends with the process, even if the driver hangs.
    private void Run(Action action)
    {
        _isBusy = true;
        try
        {
            new Thread(() =>
            {
                action();
                lock (_lock)
                    _isBusy = false;
            })
            { IsBackground = true, Name = "graphics memory" }.Start();
        }
        catch (OutOfMemoryException)
        {
            // The process may not have another thread now.
            _isBusy = false;
        }
    }

    private void Keep(GraphicsReading? reading)
    {
        lock (_lock)
        {
            _isAbsent = reading is null;
            _last = reading is null ? null : (reading, time.GetTimestamp());
        }
    }
}
