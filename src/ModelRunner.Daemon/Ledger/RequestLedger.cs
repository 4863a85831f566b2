using Microsoft.Data.Sqlite;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// Counts requests and stores them. A request is counted after it was stored, and the last part of its response is sent after it was counted.
/// So what a client got completely is in the totals, also if the daemon is killed. Thread-safe.
/// </summary>
/// <remarks>
/// One thread writes: all requests that ended during a transaction share the next one. Each request gets a row; totals are written each second,
/// and rows that are not in them are added at the next start. A ledger that cannot be written, or takes longer than
/// <see cref="MaxWait"/>, holds no response back: requests are counted in memory, and written when that is possible again.
/// </remarks>
internal sealed class RequestLedger : IDisposable
{
    /// <summary>How long the last part of a response may wait.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    /// <summary>The time between two checkpoints of open requests, and between two attempts of a ledger that cannot be written.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How long <see cref="Dispose"/> waits for the last write.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    private readonly RequestAccounts _accounts;
    private readonly LedgerWriter _writer;
    private readonly TimeProvider _time;
    private readonly AutoResetEvent _work = new(initialState: false);
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private readonly Thread _thread;
    private List<EndedRequest> _ended = [];
    private List<Action<LedgerDatabase?>> _reads = [];
    private int _isTimerSet;
    private volatile bool _isTickDue;
    private volatile bool _isStuck;
    private volatile bool _isEnding;

    /// <param name="accounts">The totals.</param>
    /// <param name="settings">Where the ledger is, and its limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="LedgerException">Another daemon uses the ledger, or a newer version of the program wrote it.</exception>
    public RequestLedger(RequestAccounts accounts, LedgerSettings settings, TimeProvider time, ILogger<RequestLedger> logger)
    {
        (_accounts, _time) = (accounts, time);
        _writer = new LedgerWriter(accounts, settings, time, logger);
        _timer = time.CreateTimer(_ => Tick(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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

    /// <summary>Replaces the limits.</summary>
    public void Configure(LedgerSettings settings) => _writer.Configure(settings);

    /// <summary>A request has arrived.</summary>
    public RequestRecord Begin() => _accounts.Begin();

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
            _ended.Add(ended);
        _work.Set();
        SetTimer();
        if (_writer.IsDurable && _writer.IsUp && !_isStuck)
            return WaitAsync(ended);
        ended.Count();
        return ValueTask.CompletedTask;
    }

    /// <summary>The request is over: it has a result, and the client got what it gets.</summary>
    public async ValueTask LeaveAsync(RequestRecord record)
    {
        await EndAsync(record);
        _accounts.Leave(record);
    }

    /// <summary>Reads the database between two transactions.</summary>
    /// <param name="read">Reads on the thread of the ledger, so it must be quick.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The ledger cannot be read now.</exception>
    public async Task<T> ReadAsync<T>(Func<LedgerDatabase, T> read, CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            _reads.Add(Read);
        _work.Set();
        return await result.Task.WaitAsync(cancellationToken);

        void Read(LedgerDatabase? database)
        {
            try
            {
                result.TrySetResult(read(database ?? throw new IOException($"the ledger {_writer.Path} cannot be read now; see the daemon's log")));
            }
            catch (SqliteException failure)
            {
                result.TrySetException(new IOException($"the ledger {_writer.Path} cannot be read: {failure.Message}", failure));
            }
            catch (Exception failure)
            {
                result.TrySetException(failure);
            }
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
        }
    }

    private void SetTimer()
    {
        if (Interlocked.Exchange(ref _isTimerSet, 1) == 0)
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    private void Tick()
    {
        Volatile.Write(ref _isTimerSet, 0);
        _isTickDue = true;
        _work.Set();
    }

    private void Run()
    {
        bool isEnding;
        do
        {
            _work.WaitOne();
            isEnding = _isEnding;
            List<EndedRequest> ended = [];
            List<Action<LedgerDatabase?>> reads = [];
            lock (_lock)
            {
                (ended, _ended) = (_ended, ended);
                (reads, _reads) = (_reads, reads);
            }

            // A report must have all sums.
            bool isTick = _isTickDue || isEnding || reads.Count > 0;
            _isTickDue = false;
            _writer.Write(ended, isTick);
            _isStuck = false;
            ended.ForEach(static request => request.Count());
            reads.ForEach(read => read(_writer.Database));
            if (isTick && !isEnding && (_writer.HasWork || _accounts.Open.Count > 0))
                SetTimer();
        }
        while (!isEnding);
    }
}
