using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Counts every inference request, its tokens and its times by backend, model and mode. Thread-safe. The lock is held only to find or add an
/// account; reading <see cref="Table"/> takes none.
/// </summary>
/// <remarks>
/// Only models that exist have an account. If there are too many accounts, the one that was used least recently and has no
/// request is folded into the others, so that no sum changes.
/// </remarks>
internal sealed class RequestAccounts
{
    private readonly TimeProvider _time;
    private readonly int _maxModels;
    private readonly Lock _lock = new();
    private readonly Dictionary<RunnerKey, ModelAccount> _models = [];
    private readonly ModelAccount _unknown = new(key: null);

    // Requests of models that have no account of their own because all accounts are in use, and the sum of folded accounts.
    private ModelAccount? _overflow;
    private ModelAccount? _folded;
    private volatile AccountTable _table;
    private readonly HashSet<RequestRecord> _open = [];
    private long _uses;
    private long _lastId;

    /// <param name="time">The clock.</param>
    /// <param name="maxModels">The most accounts of models; null: the default of the settings.</param>
    public RequestAccounts(TimeProvider time, int? maxModels = null)
    {
        (_time, _maxModels) = (time, maxModels ?? ConfigurationCatalog.MetricsMaxModels.DefaultInteger);
        _table = new AccountTable([], [], _unknown);
    }

    /// <summary>All accounts.</summary>
    public AccountTable Table => _table;

    /// <summary>What is known of the requests that have a model and have not ended.</summary>
    public IReadOnlyList<RequestProgress> Open
    {
        get
        {
            lock (_lock)
                return [.. _open.Select(static record => record.Progress).OfType<RequestProgress>()];
        }
    }

    /// <summary>A request has arrived.</summary>
    public RequestRecord Begin() => new(Interlocked.Increment(ref _lastId), _time);

    /// <summary>The request's model is known, and exists.</summary>
    public void Assign(RequestRecord record, RunnerKey key)
    {
        lock (_lock)
        {
            ModelAccount account = Find(key);
            account.LastUse = ++_uses;
            account.Enter();
            record.Assign(key, account);
            _open.Add(record);
        }
    }

    /// <summary>The request's result is known. The caller counts it with <see cref="EndedRequest.Count"/>.</summary>
    /// <returns>Null if it is not counted or has a result already.</returns>
    public EndedRequest? End(RequestRecord record) => record.End(_unknown);

    /// <summary>The request is over. Its result must have been counted.</summary>
    public void Leave(RequestRecord record)
    {
        if (record.Account is not { } account)
            return;
        lock (_lock)
        {
            _open.Remove(record);
            account.Leave();
        }
    }

    /// <summary>The counts of a model were compared with those of its runner.</summary>
    /// <param name="key">Backend, model and mode.</param>
    /// <param name="prompt">The change of the difference in tokens of prompts.</param>
    /// <param name="generated">The change of the difference in generated tokens.</param>
    public void AddDrift(RunnerKey key, long prompt, long generated)
    {
        lock (_lock)
        {
            // A model that has only been loaded needs no account.
            if (_models.ContainsKey(key) || prompt != 0 || generated != 0)
                Find(key).Drift.Add(DriftSource.Runner, prompt, generated);
        }
    }

    /// <summary>Adds totals from before the start of this process. The accounts are passed in the order of their last use.</summary>
    public void Restore(IEnumerable<(AccountName Name, ModelAccount Totals)> stored)
    {
        lock (_lock)
        {
            foreach ((AccountName name, ModelAccount totals) in stored)
            {
                ModelAccount account = name.Key is { } key ? Find(key) : _unknown;
                account.LastUse = ++_uses;
                account.Add(totals);
            }

            Publish();
        }
    }

    private ModelAccount Find(RunnerKey key)
    {
        if (_models.TryGetValue(key, out ModelAccount? account))
            return account;
        if (_models.Count < _maxModels || TryFold())
            _models.Add(key, account = new ModelAccount(key));
        else if (_overflow is not null)
            return _overflow;
        else
            account = _overflow = new ModelAccount(key: null);
        Publish();
        return account;
    }

    // An account with a request in flight still changes, so it cannot be added to a sum.
    private bool TryFold()
    {
        ModelAccount? least = _models.Values.Where(static account => account.InFlight == 0).MinBy(static account => account.LastUse);
        if (least is null)
            return false;

        // A reader of the table must not see the sum change while it still reads the account.
        _folded = ModelAccount.Sum(new[] { _folded, least }.OfType<ModelAccount>());
        _models.Remove(least.Key!.Value);
        return true;
    }

    private void Publish() => _table = new AccountTable(
        [.. _models.Values.OrderBy(static account => account.Key!.Value, RunnerKey.Order)],
        [.. new[] { _folded, _overflow }.OfType<ModelAccount>()],
        _unknown);
}
