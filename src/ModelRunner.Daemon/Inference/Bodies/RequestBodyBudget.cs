namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>
/// The memory that all request bodies may use together. A body asks for memory as it arrives, never for the length that it announced. If the
/// budget is used up, bodies wait in the order in which they asked. One part, as large as the largest body, is reserved for one body at a
/// time: so of many bodies that have arrived in part, one can always complete, and then the next. Safe to call from any thread.
/// </summary>
/// <param name="limitBytes">Bytes for all bodies together.</param>
/// <param name="largestBytes">The most bytes that one body takes.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestBodyBudget(long limitBytes, long largestBytes, TimeProvider time)
{
    /// <summary>How long a body waits for memory before it is refused.</summary>
    public static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that bodies may hold outside the reserved part.</summary>
    private readonly long _ordinaryBytes = Math.Max(0, limitBytes - largestBytes);

    private readonly Lock _lock = new();
    private readonly LinkedList<BodyWaiter> _waiters = new();
    private readonly HashSet<BodyShare> _arriving = [];

    /// <summary>The body that may use the reserved part; null: none.</summary>
    private BodyShare? _privileged;

    /// <summary>Bytes that all other bodies hold.</summary>
    private long _ordinaryUsed;
    private ITimer? _timer;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>Bytes that bodies may hold beside the part that is reserved for one of them.</summary>
    public long OrdinaryBytes => _ordinaryBytes;

    /// <summary>Bytes that bodies hold now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
                return _ordinaryUsed + (_privileged?.Bytes ?? 0);
        }
    }

    /// <summary>The number of bodies that wait for memory.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_lock)
                return _waiters.Count;
        }
    }

    /// <summary>Creates the share of a body that begins to arrive. Dispose it when the body is no longer read.</summary>
    public BodyShare Open()
    {
        var share = new BodyShare(this);
        lock (_lock)
            _arriving.Add(share);
        return share;
    }

    /// <summary>Gives a share the given number of bytes more.</summary>
    /// <returns>False if the memory did not become free within <see cref="WaitTimeout"/>.</returns>
    public Task<bool> TakeAsync(BodyShare share, long bytes, CancellationToken cancellationToken)
    {
        BodyWaiter waiter;
        lock (_lock)
        {
            if ((_waiters.Count == 0 || share == _privileged) && TryTake(share, bytes, isFirst: _waiters.Count == 0))
                return Task.FromResult(true);

            // The holder of the reserved part never waits.
            waiter = new BodyWaiter(share, bytes, time.GetTimestamp());
            waiter.Node = _waiters.AddLast(waiter);
            if (_waiters.Count == 1)
                StartTimer();
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>The body has arrived; its share does not grow further.</summary>
    public void MarkArrived(BodyShare share)
    {
        lock (_lock)
        {
            _arriving.Remove(share);
            FreeKeptPart();
            GrantInOrder();
        }
    }

    /// <summary>Takes back all memory of a share.</summary>
    public void Release(BodyShare share)
    {
        lock (_lock)
        {
            _arriving.Remove(share);
            if (_privileged == share)
                _privileged = null;
            else
                _ordinaryUsed -= share.Bytes;
            share.Bytes = 0;
            FreeKeptPart();
            GrantInOrder();
        }
    }

    private async Task<bool> WaitAsync(BodyWaiter waiter, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration leaving = cancellationToken.UnsafeRegister(
            static state =>
            {
                var (budget, gone) = ((RequestBodyBudget, BodyWaiter))state!;
                budget.GiveUp(gone);
            },
            (this, waiter));
        bool isGranted = await waiter.Granted.Task;
        cancellationToken.ThrowIfCancellationRequested();
        return isGranted;
    }

    private void GiveUp(BodyWaiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Node is { } node)
                Finish(node, isGranted: false);
            GrantInOrder();
        }
    }

    private void GrantInOrder()
    {
        while (_waiters.First is { } first && TryTake(first.Value.Share, first.Value.Bytes, isFirst: true))
            Finish(first, isGranted: true);
    }

    private bool TryTake(BodyShare share, long bytes, bool isFirst)
    {
        if (share != _privileged)
        {
            if (_ordinaryUsed + bytes <= _ordinaryBytes)
            {
                _ordinaryUsed += bytes;
            }
            else if (_privileged is null && isFirst)
            {
                // From here on it can take all the memory that it may need.
                _privileged = share;
                _ordinaryUsed -= share.Bytes;
            }
            else
            {
                return false;
            }
        }

        share.Bytes += bytes;
        return true;
    }

    /// <summary>Frees the reserved part for the next body once its holder has arrived and fits into the rest.</summary>
    private void FreeKeptPart()
    {
        if (_privileged is not { } holder || _arriving.Contains(holder) || _ordinaryUsed + holder.Bytes > _ordinaryBytes)
            return;

        _ordinaryUsed += holder.Bytes;
        _privileged = null;
    }

    private void Finish(LinkedListNode<BodyWaiter> node, bool isGranted)
    {
        _waiters.Remove(node);
        node.Value.Node = null;
        node.Value.Share.RestartProgress();
        node.Value.Granted.TrySetResult(isGranted);
        if (_waiters.Count == 0)
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void StartTimer()
    {
        _timer ??= time.CreateTimer(static budget => ((RequestBodyBudget)budget!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(CheckInterval, CheckInterval);
    }

    /// <summary>Ends the wait of bodies that waited too long, and cancels bodies that arrive too slowly while others wait.</summary>
    private void Look()
    {
        var slow = new List<BodyShare>();
        lock (_lock)
        {
            while (_waiters.First is { } first && time.GetElapsedTime(first.Value.Since) >= WaitTimeout)
                Finish(first, isGranted: false);

            // The next body may need less.
            GrantInOrder();
            if (_waiters.Count > 0)
                slow.AddRange(_arriving.Where(static share => share.Bytes > 0 && share.IsSlow));
        }

        // Cancelling runs foreign code, which must not happen under the lock.
        foreach (BodyShare share in slow)
            share.Cut();
    }
}
