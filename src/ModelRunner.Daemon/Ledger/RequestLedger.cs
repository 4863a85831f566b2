using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// Counts requests and starts of runners, and stores them. A request is counted after it was stored, and the last part of its response is sent
/// after it was counted. So what a client got completely is in the totals, also if the daemon is killed. Thread-safe.
/// </summary>
/// <remarks>
/// One thread writes: all requests that ended during a transaction share the next one. Each request gets a row; totals are written each second,
/// and rows that are not in them are added at the next start. What is counted of runners is written at once. A ledger that cannot be written, or
/// takes longer than <see cref="MaxWait"/>, holds no response back: requests are counted in memory, and written as soon as the ledger can be
/// written.
/// </remarks>
internal sealed class RequestLedger : IDisposable
{
    /// <summary>How long the last part of a response may wait.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    /// <summary>The time between two checkpoints of open requests, and between two attempts of a ledger that cannot be written.</summary>
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a report may wait.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long <see cref="Dispose"/> waits for the last write.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the last write is tried again, and how long to wait in between.</summary>
    private static readonly TimeSpan LastAttempts = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(200);

    private readonly RequestAccounts _accounts;
    private readonly RunnerAccounts _runners;
    private readonly ILogger<RequestLedger> _logger;
    private readonly LedgerWriter _writer;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _reports = new(1);
    private readonly AutoResetEvent _work = new(initialState: false);
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly Thread _thread;
    private LedgerBatch _batch = new();
    private List<Action> _reads = [];
    private long? _busySince;
    private int _isTimerSet;
    private int _isTickDue;
    private volatile bool _isStuck;
    private volatile bool _isEnding;

    /// <param name="accounts">The totals.</param>
    /// <param name="settings">Where the ledger is, and its limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="runners">The totals of runners; null: they are not stored.</param>
    /// <param name="file">The file, which the ledger disposes; null: the one that the settings name.</param>
    /// <exception cref="LedgerException">Another daemon uses the ledger, or a newer version of the program wrote it.</exception>
    public RequestLedger(
        RequestAccounts accounts, LedgerSettings settings, TimeProvider time, ILogger<RequestLedger> logger,
        RunnerAccounts? runners = null, LedgerFile? file = null)
    {
        (_accounts, _runners, _time, _logger) = (accounts, runners ?? new RunnerAccounts(maxModels: 1), time, logger);
        _writer = new LedgerWriter(accounts, _runners, settings, file, time, logger);
        _timer = time.CreateTimer(_ => TickOfTimer(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { Name = "ledger", IsBackground = true };
        try
        {
            _writer.Start();
        }
        catch
        {
            _timer.Dispose();
            _work.Dispose();
            _writer.Dispose();
            throw;
        }

        _thread.Start();
        SetTimer();
    }

    /// <summary>The state; null: the totals are only in memory.</summary>
    public LedgerStatus? Status => _writer.Status is { } status ? status with { IsUp = status.IsUp && !_isStuck } : null;

    /// <summary>The path of the database, for messages.</summary>
    public string Path => _writer.Path;

    /// <summary>Replaces the limits.</summary>
    public void Configure(LedgerSettings settings) => _writer.Configure(settings);

    /// <summary>A request has arrived.</summary>
    /// <param name="keyName">The name of the key with which it was sent.</param>
    public RequestRecord Begin(string keyName = KeyName.None) => _accounts.Begin(keyName);

    /// <summary>The request's model is known, and exists.</summary>
    public void Assign(RequestRecord record, RunnerKey key)
    {
        _accounts.Assign(record, key);
        SetTimer();
    }

    /// <summary>
    /// The request's result is known: it is stored and counted. The last part of the response must be sent after the returned task completed.
    /// A later call for the same request does nothing.
    /// </summary>
    public ValueTask EndAsync(RequestRecord record)
    {
        if (_accounts.End(record) is not { } ended)
            return ValueTask.CompletedTask;
        lock (_lock)
        {
            // While a write takes very long, some requests get no row of their own. The next tick writes them.
            if (_batch.Ended.Count < LedgerWriter.MaxRows)
                _batch.Ended.Add(ended);
            else
                (_batch.Overflow ??= new LedgerSums()).Add(ended);
        }

        _work.Set();
        SetTimer();
        if (IsReady)
            return WaitAsync(ended);
        ended.Count();
        return new ValueTask(ended.Counted);
    }

    /// <summary>
    /// The request was refused before anything was known of it: it is counted, and gets no row, so that nobody can displace the rows of others
    /// with requests that are refused.
    /// </summary>
    public void EndWithoutRow(RequestRecord record)
    {
        if (_accounts.End(record) is not { } ended)
            return;
        lock (_lock)
            (_batch.Overflow ??= new LedgerSums()).Add(ended);
        SetTimer();
        ended.Count();
    }

    /// <summary>The request is over: it has a result, and the client got what it gets.</summary>
    public async ValueTask LeaveAsync(RequestRecord record)
    {
        await EndAsync(record);
        _accounts.Leave(record);
    }

    /// <summary>A runner was started, became ready or has ended. It is stored and then counted; nothing waits for that.</summary>
    public void Record(RunnerChange change)
    {
        bool isStored;
        lock (_lock)
        {
            isStored = _batch.Changes.Count < LedgerWriter.MaxRows;
            if (isStored)
                _batch.Changes.Add(change);
        }

        _work.Set();
        SetTimer();
        if (!isStored || !IsReady)
            change.Count();
    }

    /// <summary>Processor time and memory of runners were measured. What is new is stored now.</summary>
    public void SaveMeasured()
    {
        if (_runners.HasNewCpu || _runners.Peaks.HasChanged)
            Tick();
    }

    /// <summary>
    /// Reads the database, with all requests that were counted before. While it cannot be written, those that it does not have are read
    /// beside it.
    /// </summary>
    /// <param name="read">Reads. It may take seconds without delaying requests.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The ledger cannot be read now. The message has the cause and what to do.</exception>
    public async Task<LedgerReading<T>> ReadAsync<T>(Func<LedgerReader, T> read, CancellationToken cancellationToken)
    {
        // One report at a time, so that reports take at most one processor. One whose client left is not begun.
        await _reports.WaitAsync(cancellationToken);
        try
        {
            // While it cannot be written, the thread of the ledger reads, so that no write moves sums into the file meanwhile.
            LedgerReading<T>? reading = await FlushAsync(() => _writer.IsDurable && _writer.IsUp ? null : _writer.Read(read), cancellationToken);
            return reading ?? new LedgerReading<T>(await Task.Run(() => LedgerReader.Read(_writer.Path, read), cancellationToken));
        }
        catch (TimeoutException failure)
        {
            throw new IOException(LedgerFailure.ExplainHang(ReadTimeout, _writer.IsDurable ? _writer.Path : null), failure);
        }
        catch (Exception failure) when (LedgerFailure.IsOfDatabase(failure))
        {
            throw new IOException(
                $"the ledger cannot be read: {LedgerFailure.TextOf(failure)}; make its file {_writer.Path} readable, or move it away, and a new one begins",
                failure);
        }
        finally
        {
            _reports.Release();
        }
    }

    /// <summary>Writes what is not written yet. Requests must have ended before.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _isEnding = true;
        _work.Set();
        if (!_thread.Join(EndTimeout))
            return;
        _writer.Dispose();
        _work.Dispose();
        _reports.Dispose();
    }

    // Whether what is counted next is written soon, and survives the end of the process.
    private bool IsReady => _writer.IsDurable && _writer.IsUp && !_isStuck;

    // Writes all sums, then reads on the thread of the ledger.
    private async Task<T> FlushAsync<T>(Func<T> read, CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Action entry = Read;
        lock (_lock)
        {
            // A thread that hangs answers nobody, so each report would wait as long as the one before.
            if (_busySince is { } since && _time.GetElapsedTime(since) >= ReadTimeout)
                throw new TimeoutException();
            _reads.Add(entry);
        }

        _work.Set();
        try
        {
            return await result.Task.WaitAsync(ReadTimeout, _time, cancellationToken);
        }
        finally
        {
            // If nobody waits any more, nothing is read later.
            result.TrySetCanceled(CancellationToken.None);
            lock (_lock)
                _reads.Remove(entry);
        }

        void Read()
        {
            if (result.Task.IsCompleted)
                return;
            try
            {
                result.TrySetResult(read());
            }
            catch (Exception failure)
            {
                result.TrySetException(failure);
            }
        }
    }

    private async ValueTask WaitAsync(EndedRequest ended)
    {
        try
        {
            await ended.Counted.WaitAsync(MaxWait, _time);
        }
        catch (TimeoutException)
        {
            _isStuck = true;
            ended.Count();
            await ended.Counted;
        }
    }

    private void SetTimer()
    {
        if (Interlocked.Exchange(ref _isTimerSet, 1) == 0)
            _timer.Change(TickInterval, Timeout.InfiniteTimeSpan);
    }

    private void TickOfTimer()
    {
        Volatile.Write(ref _isTimerSet, 0);
        Tick();
    }

    private void Tick()
    {
        Volatile.Write(ref _isTickDue, 1);
        try
        {
            _work.Set();
        }
        catch (ObjectDisposedException)
        {
            // A timer that was disposed may still run once.
        }
    }

    private void Run()
    {
        bool isEnding;
        do
        {
            _work.WaitOne();
            isEnding = _isEnding;
            TryWriteNext(isEnding);
        }
        while (!isEnding);

        // A short lock of another process must not lose what is only in memory.
        long endedAt = _time.GetTimestamp();
        while (_writer.IsLocked && _time.GetElapsedTime(endedAt) < LastAttempts)
        {
            _work.WaitOne(LastPause);
            TryWriteNext(isEnding: true);
        }

        if (!_writer.IsUp)
            _logger.LogUnsaved(_writer.Path);
    }

    // An unexpected failure of the ledger must not end the daemon.
    private void TryWriteNext(bool isEnding)
    {
        try
        {
            WriteNext(isEnding);
        }
        catch (Exception failure)
        {
            _logger.LogFailed(failure);
            if (!isEnding)
                SetTimer();
        }
        finally
        {
            lock (_lock)
                _busySince = null;
        }
    }

    private void WriteNext(bool isEnding)
    {
        bool isTick = Interlocked.Exchange(ref _isTickDue, 0) == 1 || isEnding;
        List<Action> reads = [];
        lock (_lock)
            (reads, _reads, _busySince) = (_reads, reads, _time.GetTimestamp());

        // A report must have all sums.
        isTick |= reads.Count > 0;

        // The order matters: a request that ends after this list was made is in the list of ended ones, and is left out of the open ones.
        IReadOnlyList<RequestProgress>? open = isTick ? _accounts.Open : null;
        var batch = new LedgerBatch();
        lock (_lock)
            (batch, _batch) = (_batch, batch);

        try
        {
            _writer.Write(batch, open);
        }
        finally
        {
            _isStuck = false;
            batch.Count();
            reads.ForEach(static read => read());
        }

        // Requests that end meanwhile wait for one part of the removal at most.
        if (!isEnding && _writer.PruneMore())
            _work.Set();
        if (open is not null && !isEnding && (_writer.HasWork || open.Count > 0))
            SetTimer();
    }
}
