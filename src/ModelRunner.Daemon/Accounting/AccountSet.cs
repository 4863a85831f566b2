using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Accounts by backend, model and mode. If there are too many, those that were used least recently are shown as one sum. An account that is used
/// again leaves the sum with all its totals, so no total of a model falls and the sum of all accounts does not change. Not thread-safe.
/// </summary>
/// <typeparam name="T">The type of the accounts.</typeparam>
/// <param name="maxModels">The most accounts that are shown by name, as long as others can be hidden.</param>
internal sealed class AccountSet<T>(int maxModels)
    where T : class, IAccount<T>
{
    /// <summary>The most accounts that are in the sum and can leave it. Older ones stay in it until the next start.</summary>
    private const int MaxHidden = 4096;

    private readonly Dictionary<RunnerKey, T> _shown = [];
    private readonly Dictionary<RunnerKey, T> _hidden = [];
    private T? _forgotten;
    private long _uses;

    /// <summary>The accounts that are shown by name, in order.</summary>
    public IReadOnlyList<T> Shown => [.. _shown.Values.OrderBy(static account => account.Key!.Value, RunnerKey.Order)];

    /// <summary>A new account with the sum of the hidden ones; null: none is hidden. None of them changes while it is hidden.</summary>
    public T? HiddenSum
    {
        get
        {
            if (_forgotten is null && _hidden.Count == 0)
                return null;
            T sum = T.Create(key: null);
            if (_forgotten is not null)
                sum.Add(_forgotten);
            foreach (T account in _hidden.Values)
                sum.Add(account);
            return sum;
        }
    }

    /// <summary>Every account that has a name.</summary>
    public IEnumerable<T> All => _shown.Values.Concat(_hidden.Values);

    /// <summary>Whether an account is shown by name.</summary>
    public bool Contains(RunnerKey key) => _shown.ContainsKey(key);

    /// <summary>Returns an account to count on; it is shown by name from now on.</summary>
    /// <param name="key">Backend, model and mode.</param>
    /// <param name="mayExceed">Whether it is added if as many accounts as possible are in use.</param>
    /// <param name="isChanged">Whether <see cref="Shown"/> has changed.</param>
    /// <returns>Null if all accounts are in use.</returns>
    public T? Use(RunnerKey key, bool mayExceed, out bool isChanged)
    {
        isChanged = false;
        if (!_shown.TryGetValue(key, out T? account))
        {
            while (_shown.Count >= maxModels && TryHide())
            {
            }

            if (_shown.Count >= maxModels && !mayExceed)
                return null;
            if (!_hidden.Remove(key, out account))
                account = T.Create(key);
            _shown.Add(key, account);
            isChanged = true;
        }

        account.LastUse = ++_uses;
        return account;
    }

    private bool TryHide()
    {
        T? least = _shown.Values.Where(static account => !account.IsInUse).MinBy(static account => account.LastUse);
        if (least is null)
            return false;
        _shown.Remove(least.Key!.Value);
        if (_hidden.Count == MaxHidden)
            ForgetOne();
        _hidden.Add(least.Key!.Value, least);
        return true;
    }

    private void ForgetOne()
    {
        T oldest = _hidden.Values.MinBy(static account => account.LastUse)!;
        _hidden.Remove(oldest.Key!.Value);
        (_forgotten ??= T.Create(key: null)).Add(oldest);
    }
}
