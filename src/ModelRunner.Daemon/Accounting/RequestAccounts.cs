using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Counts every inference request, its tokens and its times by backend, model and mode. Thread-safe. The lock is held only to find or add an
/// account; reading <see cref="Table"/> takes none.
/// </summary>
/// <remarks>
/// Only models that exist have an account. If there are too many accounts, those that were used least recently and have no request are shown as
/// one sum.
/// </remarks>
internal sealed class RequestAccounts
{
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly AccountSet<ModelAccount> _models;
    private readonly ModelAccount _unknown = new(key: null);

    // Requests of models that have no account of their own because all accounts are in use.
    private ModelAccount? _overflow;
    private volatile AccountTable _table;
    private readonly HashSet<RequestRecord> _open = [];
    private long _lastId;

    /// <param name="time">The clock.</param>
    /// <param name="maxModels">The most accounts of models; null: the default of the settings.</param>
    public RequestAccounts(TimeProvider time, int? maxModels = null)
    {
        (_time, _models) = (time, new AccountSet<ModelAccount>(maxModels ?? ConfigurationCatalog.MetricsMaxModels.DefaultInteger));
        _table = new AccountTable([], [], _unknown);
    }

    /// <summary>All accounts.</summary>
    public AccountTable Table => _table;

    /// <summary>The tokens of keys by day.</summary>
    public KeyUse KeyUse { get; } = new();

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
    /// <param name="keyName">The name of the key with which it was sent.</param>
    public RequestRecord Begin(string keyName = KeyName.None) => new(Interlocked.Increment(ref _lastId), _time) { KeyName = keyName };

    /// <summary>The request's model is known, and exists.</summary>
    public void Assign(RequestRecord record, RunnerKey key)
    {
        lock (_lock)
        {
            ModelAccount account = Find(key, out bool isChanged);
            account.Enter();
            if (isChanged)
                Publish();
            record.Assign(key, account);
            _open.Add(record);
        }
    }

    /// <summary>The request's result is known. The caller counts it with <see cref="EndedRequest.Count"/>.</summary>
    /// <returns>Null if it is not counted or has a result already.</returns>
    public EndedRequest? End(RequestRecord record) => record.End(_unknown, KeyUse);

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
            if (!_models.Contains(key) && prompt == 0 && generated == 0)
                return;
            Find(key, out bool isChanged).Drift.Add(DriftSource.Runner, prompt, generated);
            if (isChanged)
                Publish();
        }
    }

    /// <summary>Adds totals from before the start of this process. The accounts are passed in the order of their last use.</summary>
    public void Restore(IEnumerable<(AccountName Name, ModelAccount Totals)> stored)
    {
        lock (_lock)
        {
            foreach ((AccountName name, ModelAccount totals) in stored)
            {
                ModelAccount account = name.Key is { } key ? Find(key, out _) : _unknown;
                account.Add(totals);
                foreach (TokenType type in Enum.GetValues<TokenType>())
                    account.Keys.Add(name.KeyName, type, totals.Tokens(type), totals.TokensBeganAt(type));
            }

            Publish();
        }
    }

    private ModelAccount Find(RunnerKey key, out bool isChanged)
    {
        if (_models.Use(key, mayExceed: false, out isChanged) is { } account)
            return account;
        isChanged = _overflow is null;
        return _overflow ??= new ModelAccount(key: null);
    }

    private void Publish() => _table = new AccountTable(
        _models.Shown, [.. new[] { _models.HiddenSum, _overflow }.OfType<ModelAccount>()], _unknown);
}
