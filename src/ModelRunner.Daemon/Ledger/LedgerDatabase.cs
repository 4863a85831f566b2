using Microsoft.Data.Sqlite;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// The ledger's SQLite database. A transaction that was committed survives the end of the process, however it ends; the latest ones may be lost
/// if the machine loses power. It keeps the id of each account in memory. Not thread-safe. Every method may throw <see cref="SqliteException"/>;
/// then the database must be disposed.
/// </summary>
internal sealed class LedgerDatabase : IDisposable
{
    /// <summary>How long the memory of a load counts. Use changes, and a load that needed much may have been an exception.</summary>
    private static readonly TimeSpan MaxAgeOfPeaks = TimeSpan.FromDays(90);

    /// <summary>The largest <c>limits.loadTimeout</c>. A longer load is a clock that was set.</summary>
    private static readonly TimeSpan MaxLoad = TimeSpan.FromHours(24);

    private readonly SqliteConnection _connection;
    private readonly LedgerStatements _statements;
    private readonly bool _keepsRequests;
    private long _lastRequest;

    // What the table open_requests has, and the ids in the table accounts.
    private readonly Dictionary<long, RequestProgress> _open = [];
    private readonly Dictionary<AccountName, long> _accounts = [];

    private LedgerDatabase(SqliteConnection connection, bool keepsRequests, bool isReadOnly = false)
    {
        (_connection, _keepsRequests) = (connection, keepsRequests);
        Reader = new LedgerReader(connection);
        Execute("PRAGMA busy_timeout=250");
        Prepare(isReadOnly);
        if (!isReadOnly)
            Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304");
        _statements = new LedgerStatements(connection);
        _lastRequest = Number("SELECT max(request, ifnull((SELECT max(id) FROM requests), 0)) FROM summed");
    }

    /// <summary>Reads with the same connection.</summary>
    public LedgerReader Reader { get; }

    /// <summary>Whether there are requests that had not ended at the last checkpoint.</summary>
    public bool HasOpen => _open.Count > 0;

    /// <summary>The bytes in use.</summary>
    public long Bytes => (Number("PRAGMA page_count") - Number("PRAGMA freelist_count")) * Number("PRAGMA page_size");

    /// <summary>The last runner, and whether there are runners without an end.</summary>
    public (long Last, bool HasOpen) ReadLives() =>
        Reader.Query(LedgerSchema.ReadLives, since: null, static row => (row.GetInt64(0), row.GetInt64(1) != 0))[0];

    /// <summary>Moves the write-ahead log into the database, and returns how many pages it had; null: that is not known.</summary>
    public long? CountLogFrames()
    {
        long frames = Reader.Query("PRAGMA wal_checkpoint(PASSIVE)", since: null, static row => row.GetInt64(1))[0];
        return frames >= 0 ? frames : null;
    }

    /// <summary>Moves the write-ahead log into the database and empties it, as far as other processes permit.</summary>
    public void EmptyLog() => Execute("PRAGMA wal_checkpoint(TRUNCATE)");

    /// <summary>Opens the database, and creates or updates its tables.</summary>
    /// <param name="path">The file; null: the database is in memory and keeps only sums.</param>
    /// <exception cref="LedgerException">A newer version of the program wrote it, or it is another program's database.</exception>
    public static LedgerDatabase Open(string? path) =>
        Open(new SqliteConnectionStringBuilder { DataSource = path ?? ":memory:" }, keepsRequests: path is not null, isReadOnly: false);

    /// <summary>Opens a database for reading that cannot be opened for writing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hasLog">Whether it has a write-ahead log. Without one, SQLite opens it as immutable.</param>
    /// <param name="hasIndex">
    /// Whether its log has an index. SQLite cannot create one on a disk that is full or read-only. It keeps the index in memory if it takes no locks.
    /// Without an index, no other process uses the database.
    /// </param>
    /// <exception cref="LedgerException">It is not a ledger of this version.</exception>
    public static LedgerDatabase OpenReadOnly(string path, bool hasLog, bool hasIndex)
    {
        bool isAlone = hasLog && !hasIndex;
        string source = isAlone ? UriOf(path) + "?vfs=unix-none" : hasLog ? path : UriOf(path) + "?immutable=1";
        return Open(
            new SqliteConnectionStringBuilder { DataSource = source, Mode = SqliteOpenMode.ReadOnly }, keepsRequests: true, isReadOnly: true,
            isAlone ? "PRAGMA locking_mode=EXCLUSIVE" : null);
    }

    // The class Uri would take a percent sign in the path for the beginning of an escaped character.
    private static string UriOf(string path) => "file:" + string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static LedgerDatabase Open(SqliteConnectionStringBuilder text, bool keepsRequests, bool isReadOnly, string? first = null)
    {
        (text.Pooling, text.DefaultTimeout) = (false, 1);
        var connection = new SqliteConnection(text.ToString());
        try
        {
            connection.Open();
            if (first is not null)
                Execute(connection, first);
            return new LedgerDatabase(connection, keepsRequests, isReadOnly);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The totals of all accounts, in the order of their last use.</summary>
    public IReadOnlyList<StoredTotals> ReadTotals()
    {
        var stored = new List<StoredTotals>();
        foreach ((AccountName name, string series, long value, long beganAt) in Reader.Query(
            LedgerSchema.ReadTotals, since: null, static row => (NameOf(row, 0), row.GetString(4), row.GetInt64(5), row.GetInt64(6))))
        {
            if (stored.Count == 0 || stored[^1].Name != name)
                stored.Add(new StoredTotals(name));
            stored[^1].Add(series, value, beganAt);
        }

        return stored;
    }

    /// <summary>The tokens of keys since an hour, by hour.</summary>
    public IReadOnlyList<(string Name, long Hour, long Tokens)> ReadKeyUse(long sinceHour) => Reader.Query(
        LedgerSchema.ReadKeyUse, sinceHour, static row => (row.GetString(0), row.GetInt64(1), row.GetInt64(2)));

    /// <summary>The memory of loads, in their order; the loads have the ids of their lives.</summary>
    public IReadOnlyList<LoadPeak> ReadPeaks() => Reader.Query(
        LedgerSchema.ReadPeaks, since: null,
        static row => new LoadPeak(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetInt64(4) != 0));

    /// <summary>The latest loads, in their order. Of the files and the arguments it is known only which model they were.</summary>
    public IReadOnlyList<(LoadSubject Subject, TimeSpan Duration)> ReadLoads() =>
    [
        .. Reader.Query(LedgerSchema.ReadLoads, since: null, static row => (NameOf(row, 0).Key, Engine: row.GetString(4), Milliseconds: row.GetInt64(5)))
            .Where(static load => load.Key is not null && load.Milliseconds < MaxLoad.TotalMilliseconds)
            .Select(static load => (new LoadSubject(null, load.Key!.Value, load.Engine, 0), TimeSpan.FromMilliseconds(load.Milliseconds))),
    ];

    /// <summary>Requests that had not ended at the last checkpoint. The next write removes those that are not open then.</summary>
    public IReadOnlyList<RequestProgress> ReadOpen()
    {
        _open.Clear();
        IReadOnlyList<RequestProgress?> stored = Reader.Query(LedgerSchema.ReadOpen, since: null, static row =>
            NameOf(row, 1) is not { Key: { } key } name ? null : new RequestProgress(
                row.GetInt64(0), key, name.KeyName, DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
                new ResponseFigures
                {
                    Source = FigureSource.None, PromptTokens = row.GetInt64(6), CachedTokens = row.GetInt64(7), GeneratedTokens = row.GetInt64(8),
                }));
        foreach (RequestProgress progress in stored.OfType<RequestProgress>())
            _open.Add(progress.Id, progress);
        return [.. _open.Values];
    }

    /// <summary>Requests whose rows are not in the totals. The sums of the next write must contain them.</summary>
    public IReadOnlyList<EndedRequest> ReadUnsummed()
    {
        var unused = new ModelAccount(key: null);
        return Reader.Query(LedgerSchema.ReadUnsummed, since: null, row => new EndedRequest(unused)
        {
            Id = 0,
            Key = NameOf(row, 1).Key,
            KeyName = NameOf(row, 1).KeyName,
            EndedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
            Outcome = AccountLabels.ParseOutcome(row.GetString(6)),
            Status = AccountLabels.ParseStatus(row.GetString(7)),
            HasResponse = row.GetInt64(8) != 0,
            Figures = new ResponseFigures
            {
                Source = AccountLabels.ParseSource(row.GetString(9)), PromptTokens = row.GetInt64(10), CachedTokens = row.GetInt64(11),
                GeneratedTokens = row.GetInt64(12), DraftTokens = row.GetInt64(13), AcceptedDraftTokens = row.GetInt64(14), IsTruncated = row.GetInt64(21) != 0,
            },
            Duration = TimeSpan.FromTicks(row.GetInt64(15)),
            QueueWait = TimeOf(row, 16),
            TimeToFirstToken = TimeOf(row, 17),
            TimePerOutputToken = TimeOf(row, 18),
            LoadWait = TimeOf(row, 19),
            Refusal = row.IsDBNull(20) ? null : row.GetString(20),
        });
    }

    /// <summary>Writes in one transaction.</summary>
    /// <param name="requests">Requests that get a row.</param>
    /// <param name="sums">
    /// What is added to totals and hours: all requests since the last write with sums, these ones included. Null: a later write has it.
    /// </param>
    /// <param name="open">The requests that have not ended; null: they are not written.</param>
    /// <param name="runners">What is written of runners.</param>
    /// <param name="now">The time.</param>
    public void Write(
        IReadOnlyCollection<EndedRequest> requests, LedgerSums? sums, IReadOnlyList<RequestProgress>? open, RunnerBacklog runners, DateTimeOffset now)
    {
        _statements.Begin();
        foreach (EndedRequest request in requests)
        {
            if (_keepsRequests)
                _statements.AddRequest(++_lastRequest, IdOf(AccountName.Of(request.Key, request.KeyName), now), request);
            if (_open.Remove(request.Id))
                _statements.RemoveOpen(request.Id);
        }

        if (sums is not null)
            Write(sums, now);
        if (open is not null)
            WriteOpen(open, now);
        if (!runners.IsEmpty)
            Write(runners, now);
        _statements.Commit();
    }

    /// <summary>Removes a part of the oldest rows, if they are too old or the database is too large.</summary>
    /// <returns>Whether there may be more.</returns>
    public bool Prune(DateTimeOffset now, DateTimeOffset requestsBefore, DateTimeOffset hoursBefore, long maxBytes)
    {
        bool isTooLarge = Bytes > maxBytes;
        long before = isTooLarge ? long.MaxValue : requestsBefore.ToUnixTimeMilliseconds();
        long latest = isTooLarge ? long.MaxValue : now.ToUnixTimeMilliseconds();
        _statements.RemoveOldHours(LedgerSums.HourOf(hoursBefore));
        _statements.RemoveOldPeaks(now - MaxAgeOfPeaks);
        bool hasMore = _statements.RemoveOld(before, latest) > 0;
        return _statements.RemoveOldLives(before, latest) > 0 || hasMore;
    }

    public void Dispose()
    {
        _statements.Dispose();
        _connection.Dispose();
    }

    private static AccountName NameOf(SqliteDataReader row, int column) =>
        new(row.GetString(column), row.GetString(column + 1), row.GetString(column + 2), row.GetString(column + 3));

    private static TimeSpan? TimeOf(SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : TimeSpan.FromTicks(row.GetInt64(column));

    private void Write(LedgerSums sums, DateTimeOffset now)
    {
        foreach ((AccountName name, ModelAccount totals) in sums.Totals)
        {
            long account = _accounts[name] = _statements.UseAccount(name, now);
            AccountName allKeys = name with { KeyName = KeyName.None };
            foreach (TotalSeries<ModelAccount> series in AccountSeries.All)
                if (series.IsStored(totals))
                {
                    long holder = AccountSeries.IsOfKeys(series) ? account : IdOf(allKeys, now);
                    _statements.AddTotal(holder, series.Name, series.Read(totals), series.BeganAt(totals));
                }
        }

        foreach (((long hour, AccountName name), HourSums ofHour) in sums.Hours)
            _statements.AddHour(hour, IdOf(name, now), ofHour);
        _statements.SetSummed(_lastRequest);
    }

    private void Write(RunnerBacklog runners, DateTimeOffset now)
    {
        foreach ((AccountName name, RunnerAccount sums) in runners.Sums)
        {
            long account = _accounts[name] = _statements.UseAccount(name, now);
            foreach (TotalSeries<RunnerAccount> series in RunnerSeries.All)
                if (series.IsStored(sums))
                    _statements.AddTotal(account, series.Name, series.Read(sums), series.BeganAt(sums));
        }

        if (!_keepsRequests)
            return;
        if (runners.HasLost)
            _statements.EndLost(runners.LastOfOthers, now);
        foreach ((long id, RunnerLife life) in runners.Lives)
            _statements.SetLife(id, IdOf(AccountName.Of(life.Key), now), life);
        foreach ((long load, LoadPeak peak) in runners.Peaks)
            _statements.SetPeak(load, peak, now);
    }

    private void WriteOpen(IReadOnlyList<RequestProgress> open, DateTimeOffset now)
    {
        foreach (long id in _open.Keys.Except(open.Select(static progress => progress.Id)).ToArray())
        {
            _open.Remove(id);
            _statements.RemoveOpen(id);
        }

        foreach (RequestProgress progress in open)
        {
            if (_open.TryGetValue(progress.Id, out RequestProgress? stored) && stored == progress)
                continue;
            _statements.SetOpen(IdOf(AccountName.Of(progress.Key, progress.KeyName), now), progress);
            _open[progress.Id] = progress;
        }
    }

    private long IdOf(AccountName name, DateTimeOffset now)
    {
        if (_accounts.TryGetValue(name, out long id))
            return id;
        return _accounts[name] = _statements.UseAccount(name, now);
    }

    private void Prepare(bool isReadOnly)
    {
        bool isNew = Number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isNew && Number("PRAGMA application_id") != LedgerSchema.ApplicationId)
            throw new LedgerException($"{_connection.DataSource} is a database of another program: set another folder with statePath");
        long version = Number("PRAGMA user_version");
        if (version > LedgerSchema.Version)
        {
            throw new LedgerException(
                $"the ledger {_connection.DataSource} has version {version}, and this program knows version {LedgerSchema.Version}: run the newer "
                + "program again, or set another folder with statePath");
        }

        if (version == LedgerSchema.Version)
            return;
        if (isReadOnly)
            throw new LedgerException($"the ledger {_connection.DataSource} has version {version} and cannot be updated now");
        IEnumerable<string> updates = LedgerSchema.Updates.Skip(isNew ? 0 : (int)version);
        Execute(
            $"BEGIN IMMEDIATE; {string.Concat(updates)} PRAGMA application_id={LedgerSchema.ApplicationId}; "
            + $"PRAGMA user_version={LedgerSchema.Version}; COMMIT");
    }

    private void Execute(string text) => Execute(_connection, text);

    private static void Execute(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private long Number(string text)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        return (long)command.ExecuteScalar()!;
    }
}
