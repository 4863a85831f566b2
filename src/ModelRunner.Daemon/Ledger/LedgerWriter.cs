using Microsoft.Data.Sqlite;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// Opens the ledger's database, writes to it, and replaces it if it is damaged. After a failed write, what it contained is kept and is part of
/// the next one. Not thread-safe, except the properties <see cref="IsUp"/> and <see cref="Status"/>, and <see cref="Configure"/>.
/// </summary>
internal sealed class LedgerWriter : IDisposable
{
    /// <summary>
    /// The size of the write-ahead log at which nothing more is written. It has a few MiB unless another process reads the database for a long
    /// time, because what that process sees must stay in the log.
    /// </summary>
    private const long MaxLogBytes = 64 * 1024 * 1024;

    /// <summary>The most requests that wait for a row while the ledger cannot be written. Older ones are only in the sums.</summary>
    public const int MaxRows = 10_000;

    /// <summary>How long sums of hours are kept.</summary>
    private static readonly TimeSpan MaxAgeOfHours = TimeSpan.FromDays(400);

    private static readonly TimeSpan PruneInterval = TimeSpan.FromMinutes(1);

    /// <summary>Younger requests are not written as open: most of them end before.</summary>
    private static readonly TimeSpan MinAgeOfOpen = TimeSpan.FromSeconds(1);

    private readonly RequestAccounts _accounts;
    private readonly TimeProvider _time;
    private readonly ILogger<RequestLedger> _logger;
    private readonly LedgerFile? _file;
    private volatile LedgerSettings _settings;
    private volatile LedgerStatus? _status;
    private readonly Dictionary<AccountName, ModelAccount> _saved = [];
    private readonly Queue<EndedRequest> _rows = [];
    private readonly RunnerBacklog _runners;
    private LedgerSums _sums = new();
    private string _cause = "";
    private bool _isRestored;
    private bool _mustPrune = true;
    private long _prunedAt;
    private long _errors;
    private long _losses;

    /// <param name="accounts">The totals of requests.</param>
    /// <param name="runners">The totals of runners.</param>
    /// <param name="settings">Where the ledger is, and its limits.</param>
    /// <param name="file">The file, which the writer disposes; null: the one that the settings name.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public LedgerWriter(
        RequestAccounts accounts, RunnerAccounts runners, LedgerSettings settings, LedgerFile? file, TimeProvider time, ILogger<RequestLedger> logger)
    {
        _runners = new RunnerBacklog(runners);
        (_accounts, _settings, _time, _logger) = (accounts, settings, time, logger);
        _file = file ?? (settings.StatePath is { } folder ? new LedgerFile(folder) : null);
    }

    /// <summary>The path of the database, for messages.</summary>
    public string Path => _file?.FilePath ?? "in memory";

    /// <summary>The open database; null: it cannot be opened now.</summary>
    private LedgerDatabase? Database { get; set; }

    /// <summary>Whether the last write was successful.</summary>
    public bool IsUp { get; private set => Volatile.Write(ref field, value); }

    /// <summary>Whether the last write failed because another process has locked the database.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>The state; null: the database is in memory.</summary>
    public LedgerStatus? Status => _file is null ? null : _status;

    /// <summary>Whether something must be written at the next tick.</summary>
    public bool HasWork => !IsUp || !_sums.IsEmpty || !_runners.IsEmpty || _mustPrune;

    /// <summary>Whether what was written survives the end of the process.</summary>
    public bool IsDurable => _file is not null;

    public void Configure(LedgerSettings settings) => _settings = settings;

    /// <summary>Opens the database. If that fails for a reason that may pass, the ledger begins as one that cannot be written.</summary>
    /// <exception cref="LedgerException">Another daemon uses the ledger, or a newer version of the program wrote it.</exception>
    public void Start()
    {
        try
        {
            Open();
            IsUp = true;
        }
        catch (LedgerException)
        {
            throw;
        }
        catch (Exception failure) when (LedgerFailure.IsOfDatabase(failure))
        {
            Fail(failure);
            TryRestoreUnwritable();
        }

        Publish();
    }

    /// <summary>Writes what happened. A failure is logged, and is no exception.</summary>
    /// <param name="batch">Requests that have ended, and changes of runners.</param>
    /// <param name="open">
    /// Requests that had not ended shortly before. They and the sums are written, and a ledger that could not be written is tried again. Null: only
    /// the rows and the changes of runners are written. The rows stand for the sums until then.
    /// </param>
    public void Write(LedgerBatch batch, IReadOnlyList<RequestProgress>? open)
    {
        bool isTick = open is not null;
        batch.Ended.ForEach(Take);
        if (batch.Overflow is not null)
            _sums.Add(batch.Overflow);
        batch.Changes.ForEach(_runners.Add);
        if (isTick || batch.Changes.Count > 0)
            _runners.AddMeasured();
        if (!isTick && (!IsUp || (_rows.Count == 0 && _runners.IsEmpty)))
            return;
        try
        {
            if (isTick && Database is not null && _file is { IsGone: true })
                Replace("its file was removed or replaced");
            if (Database is null)
                Open();
            if (isTick)
                CheckLog();
            Write(batch.Ended, open);
            if (!IsUp)
                _logger.LogUp(Path);
            (IsUp, IsLocked) = (true, false);
            if (isTick)
                Prune();
        }
        catch (Exception failure) when (LedgerFailure.IsOfDatabase(failure))
        {
            Fail(failure);
        }

        if (isTick || !IsUp)
            Publish();
    }

    /// <summary>Removes more old rows, if the last removal did not find all.</summary>
    /// <returns>Whether there may be more.</returns>
    public bool PruneMore()
    {
        if (!_mustPrune || !IsUp || Database is null)
            return false;
        try
        {
            Prune();
        }
        catch (SqliteException failure)
        {
            Fail(failure);
        }

        return _mustPrune && IsUp;
    }

    /// <summary>Reads the database, and beside it what could not be written to it.</summary>
    /// <exception cref="IOException">It cannot be read now.</exception>
    /// <exception cref="SqliteException">It cannot be read now.</exception>
    public LedgerReading<T> Read<T>(Func<LedgerReader, T> read)
    {
        if (Database is { } database)
            return new LedgerReading<T>(read(database.Reader));
        TryRestoreUnwritable();
        return UnwritableLedger.Read(_file, _sums, _cause, read, _time.GetUtcNow());
    }

    public void Dispose()
    {
        Close();
        _file?.Dispose();
    }

    private void Write(List<EndedRequest> ended, IReadOnlyList<RequestProgress>? open)
    {
        DateTimeOffset now = _time.GetUtcNow();
        if (open is null)
        {
            Database!.Write(_rows, sums: null, open: null, _runners, now);
            _rows.Clear();
            _runners.SetWritten();
            return;
        }

        HashSet<long> done = [.. ended.Select(static request => request.Id)];
        open = [.. open.Where(progress => now - progress.ArrivedAt >= MinAgeOfOpen && !done.Contains(progress.Id))];
        if (_sums.IsEmpty && _runners.IsEmpty && open.Count == 0 && !Database!.HasOpen)
            return;
        Database!.Write(_rows, _sums, open, _runners, now);
        foreach ((AccountName name, ModelAccount totals) in _sums.Totals)
            AddSaved(name, totals);
        _rows.Clear();
        _runners.SetWritten();
        _sums = new LedgerSums();
    }

    private void Take(EndedRequest request)
    {
        _sums.Add(request);
        AddRow(request);
    }

    private void AddRow(EndedRequest request)
    {
        if (!IsDurable)
            return;
        if (_rows.Count == MaxRows)
            _rows.Dequeue();
        _rows.Enqueue(request);
    }

    private void Open()
    {
        _file?.Prepare();
        try
        {
            if (_isRestored)
            {
                Database = LedgerDatabase.Open(_file?.FilePath);
                Database.ReadOpen();
                return;
            }

            LogState before = _file is null ? default : LogState.Read(_file.FilePath);
            Database = LedgerDatabase.Open(_file?.FilePath);
            Restore(Database);
            _isRestored = true;
            if (_file is not null)
                ReportLoss(_file, before);
        }
        catch (SqliteException failure) when (_file is not null && LedgerFailure.IsDamage(failure))
        {
            Replace(LedgerFailure.TextOf(failure));
            _file.Prepare();
            Database = LedgerDatabase.Open(_file.FilePath);
            _isRestored = true;
        }
    }

    // The page has the totals also while the disk is full or read-only. Later writes add to them.
    private void TryRestoreUnwritable()
    {
        if (_file is null || _isRestored)
            return;
        try
        {
            using LedgerDatabase database = UnwritableLedger.Open(_file);
            Restore(database);
            _isRestored = true;
        }
        catch (Exception failure) when (LedgerFailure.IsOfDatabase(failure))
        {
            // The log has the first failure.
        }
    }

    private void CheckLog()
    {
        if (_file is null || _file.LogBytes <= MaxLogBytes)
            return;
        Database!.EmptyLog();
        if (_file.LogBytes is > MaxLogBytes and var bytes)
        {
            throw new IOException(
                $"its write-ahead log has {bytes / (1024 * 1024)} MiB, because another process has been reading it for a long time: end that process");
        }
    }

    private void ReportLoss(LedgerFile file, LogState before)
    {
        string? cause = file.WasEmptied ? "its file was empty" : null;
        if (before.IsLoss(Database!.CountLogFrames))
            cause = "its write-ahead log was cut or damaged";
        if (cause is null)
            return;
        _logger.LogLoss(file.FilePath, cause);
        _losses++;
    }

    // Nothing is written here, so the totals are known also if the database cannot be written. The next write has what is missing in its totals.
    private void Restore(LedgerDatabase database)
    {
        DateTimeOffset now = _time.GetUtcNow();
        var unused = new ModelAccount(key: null);
        IReadOnlyList<EndedRequest> lost =
        [
            .. database.ReadOpen().Select(progress => new EndedRequest(unused)
            {
                Id = progress.Id, Key = progress.Key, KeyName = progress.KeyName, EndedAt = now,
                Outcome = RequestOutcome.Lost, Status = StatusClass.None, Figures = progress.Figures,
            }),
        ];
        IReadOnlyList<StoredTotals> all = database.ReadTotals();
        (AccountName Name, ModelAccount Totals)[] stored =
            [.. all.Where(static account => account.Requests is not null).Select(static account => (account.Name, account.Requests!))];
        (long lastLife, bool hasLost) = database.ReadLives();
        var missing = new LedgerSums();
        foreach (EndedRequest request in database.ReadUnsummed().Concat(lost))
            missing.Add(request);

        _sums.Add(missing);
        foreach (EndedRequest request in lost)
            AddRow(request);
        foreach ((AccountName name, ModelAccount totals) in stored)
            AddSaved(name, totals);
        _accounts.Restore(stored.Concat(missing.Totals.Select(static pair => (pair.Key, pair.Value))));
        RestoreKeyUse(database.ReadKeyUse(LedgerSums.HourOf(new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero))));
        RestoreKeyUse(missing.Hours.Select(static pair => (pair.Key.Account.KeyName, pair.Key.Hour, pair.Value.Tokens)));
        _runners.Restore(
            all.Where(static account => account.Runners is not null).Select(static account => (account.Name, account.Runners!)),
            database.ReadPeaks(), database.ReadLoads(), lastLife, hasLost);
        if (lost.Count > 0)
            _logger.LogLost(lost.Count);
    }

    private void RestoreKeyUse(IEnumerable<(string Name, long Hour, long Tokens)> stored)
    {
        foreach ((string name, long hour, long tokens) in stored)
            _accounts.KeyUse.Add(name, LedgerSums.TimeOf(hour), tokens);
    }

    // What the database has. It is written again if the database is damaged.
    private void AddSaved(AccountName name, ModelAccount totals)
    {
        if (!_saved.TryGetValue(name, out ModelAccount? account))
            _saved.Add(name, account = new ModelAccount(name.Key));
        account.Add(totals);
    }

    private void Replace(string cause)
    {
        Close();
        _logger.LogSetAside(cause, _file!.SetAside(_time.GetUtcNow()));
        foreach ((AccountName name, ModelAccount totals) in _saved)
            _sums.Add(name, totals);
        _saved.Clear();
        _runners.BeginAgain();
    }

    private void Fail(Exception failure)
    {
        Close();
        IsLocked = LedgerFailure.IsLock(failure);
        if (failure is SqliteException damage && LedgerFailure.IsDamage(damage) && _file is not null)
        {
            try
            {
                Replace(LedgerFailure.TextOf(damage));
            }
            catch (Exception other) when (LedgerFailure.IsOfDatabase(other))
            {
                failure = other;
            }
        }

        _cause = LedgerFailure.Explain(failure, _file);
        if (IsUp || _status is null)
            _logger.LogDown(Path, _cause);
        IsUp = false;
        _status = new LedgerStatus(IsUp: false, ++_errors + _losses, _status?.Bytes ?? 0, _cause);
    }

    private void Close()
    {
        Database?.Dispose();
        Database = null;
    }

    private void Prune()
    {
        if (!_mustPrune && _time.GetElapsedTime(_prunedAt) < PruneInterval)
            return;
        DateTimeOffset now = _time.GetUtcNow();
        _mustPrune = Database!.Prune(now, now - _settings.MaxAge, now - MaxAgeOfHours, _settings.MaxBytes);
        _prunedAt = _time.GetTimestamp();
    }

    private void Publish() =>
        _status = new LedgerStatus(IsUp, _errors + _losses, Database is { } database ? SizeOf(database) : _status?.Bytes ?? 0, IsUp ? "" : _cause);

    private static long SizeOf(LedgerDatabase database)
    {
        try
        {
            return database.Bytes;
        }
        catch (SqliteException)
        {
            return 0;
        }
    }
}
