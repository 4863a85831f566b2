namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Connects all log calls to one target. Lines wait in a bounded queue for one writer thread. Only that thread blocks when the target
/// blocks, for instance on an unread pipe or a slow disk. Lines that do not fit, and lines that could not be written, are counted; before
/// the next line that can be written, one line tells how many were lost.
/// </summary>
internal sealed class LogQueue : ILogSink
{
    /// <summary>How long the end of the process waits for queued lines.</summary>
    public static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    /// <summary>The most lines in the queue.</summary>
    public const int MaxLines = 8192;

    /// <summary>The most characters in the queue.</summary>
    public const int MaxCharacters = 2 << 20;

    private readonly Lock _writing = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly ManualResetEventSlim _isIdle = new(initialState: true);
    private readonly Queue<Entry> _entries = new();
    private readonly ILogTarget _target;
    private readonly TimeProvider _time;
    private readonly Action<string> _onTrouble;
    private readonly Thread _thread;
    private int _characters;
    private long _lostSinceEntry;
    private long _lost;
    private bool _isClosed;

    /// <summary>Starts the writer thread, which is a background thread: it never keeps the process alive.</summary>
    /// <param name="name">The target's name in the line about lost lines, for instance <c>standard error</c>.</param>
    /// <param name="target">The target. It is disposed with the queue unless it blocks.</param>
    /// <param name="time">The clock for the line about lost lines.</param>
    /// <param name="onTrouble">Called on the writer thread with the reason when writing begins to fail; must not block.</param>
    public LogQueue(string name, ILogTarget target, TimeProvider time, Action<string> onTrouble)
    {
        (Name, _target, _time, _onTrouble) = (name, target, time, onTrouble);
        _thread = new Thread(Work) { IsBackground = true, Name = $"log to {name}" };
        _thread.Start();
    }

    /// <summary>The target's name.</summary>
    public string Name { get; }

    /// <summary>The number of lines lost so far, because they did not fit or could not be written.</summary>
    public long LostLines => Interlocked.Read(ref _lost);

    public void Write(string line)
    {
        lock (_writing)
        {
            if (_isClosed || _entries.Count >= MaxLines || _characters + line.Length > MaxCharacters)
            {
                _lostSinceEntry++;
                Interlocked.Increment(ref _lost);
                return;
            }

            _entries.Enqueue(new Entry(line, _lostSinceEntry));
            _lostSinceEntry = 0;
            _characters += line.Length;
            _isIdle.Reset();
            _work.Release();
        }
    }

    /// <summary>Waits until every line is written or lost.</summary>
    /// <returns>False if the time limit came first.</returns>
    public bool Flush(TimeSpan limit) => _isIdle.Wait(limit);

    /// <summary>Accepts no more lines, and waits up to <see cref="FlushTime"/> until queued lines are written.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _work.Release();
        }

        if (_thread.Join(FlushTime))
        {
            _target.Dispose();
            _work.Dispose();
            _isIdle.Dispose();
        }
    }

    private void Work()
    {
        long untold = 0;
        bool isFailing = false;
        while (true)
        {
            _work.Wait();
            if (!TryTake(out Entry entry))
                return;

            untold += entry.LostBefore;
            string? reason = untold > 0 ? _target.Write(Tell(untold)) : null;
            if (reason is null)
            {
                untold = 0;
                reason = _target.Write(entry.Line);
            }

            if (reason is not null)
            {
                untold++;
                Interlocked.Increment(ref _lost);
                if (!isFailing)
                    _onTrouble(reason);
            }

            isFailing = reason is not null;
            untold += TakeLossIfIdle();
            if (untold > 0 && !isFailing && _target.Write(Tell(untold)) is null)
                untold = 0;
            NoteIdle();
        }
    }

    private bool TryTake(out Entry entry)
    {
        lock (_writing)
        {
            if (!_entries.TryDequeue(out entry))
                return false;
            _characters -= entry.Line.Length;
            return true;
        }
    }

    // Lines were lost after the last one in the queue, so no later line would report them.
    private long TakeLossIfIdle()
    {
        lock (_writing)
        {
            if (_entries.Count > 0)
                return 0;
            long lost = _lostSinceEntry;
            _lostSinceEntry = 0;
            return lost;
        }
    }

    private void NoteIdle()
    {
        lock (_writing)
            if (_entries.Count == 0)
                _isIdle.Set();
    }

    private string Tell(long lost) => LogLine.Format(
        _time.GetUtcNow(), LogLevel.Warning, typeof(LogQueue).FullName!,
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{lost} {(lost == 1 ? "line was" : "lines were")} lost here: {Name} could not be written or was not read."),
        exception: null, withStack: false);

    /// <param name="Line">Without its line feed.</param>
    /// <param name="LostBefore">The number of lines lost between the previous entry and this one.</param>
    private readonly record struct Entry(string Line, long LostBefore);
}
