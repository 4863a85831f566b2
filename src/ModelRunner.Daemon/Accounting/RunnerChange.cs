namespace ModelRunner.Daemon.Accounting;

/// <summary>A runner was started, became ready or has ended, and what is counted of that. Thread-safe.</summary>
internal sealed class RunnerChange
{
    private readonly TaskCompletionSource _counted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RunnerAccount _account;
    private int _isCounted;

    /// <param name="life">The runner after the change.</param>
    /// <param name="account">The account that <paramref name="sums"/> are added to.</param>
    /// <param name="sums">What is counted. It must not change any more.</param>
    public RunnerChange(RunnerLife life, RunnerAccount account, RunnerAccount sums)
    {
        (Life, _account, Sums) = (life, account, sums);
        account.Hold();
    }

    public RunnerLife Life { get; }

    public RunnerAccount Sums { get; }

    /// <summary>Completes when it was added to its account.</summary>
    public Task Counted => _counted.Task;

    /// <summary>Adds it to its account, at the first call only.</summary>
    public void Count()
    {
        if (Interlocked.Exchange(ref _isCounted, 1) != 0)
            return;
        _account.Add(Sums);
        _account.Release();
        _counted.SetResult();
    }
}
