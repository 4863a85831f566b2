using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The totals of one backend, model and mode.</summary>
/// <typeparam name="TSelf">The type of the account.</typeparam>
internal interface IAccount<TSelf>
    where TSelf : class, IAccount<TSelf>
{
    /// <summary>Backend, model and mode; null: the account is not of one model.</summary>
    RunnerKey? Key { get; }

    /// <summary>When it was used last, as a sequence number. Only <see cref="AccountSet{T}"/> uses it.</summary>
    long LastUse { get; set; }

    /// <summary>Whether its totals may change without a new use.</summary>
    bool IsInUse { get; }

    /// <summary>A new account.</summary>
    static abstract TSelf Create(RunnerKey? key);

    /// <summary>Adds the totals of another account.</summary>
    void Add(TSelf other);
}
