namespace ModelRunner.LlamaHost.Generation;

/// <summary>The queue from the HTTP threads to the inference thread, first in, first out. Safe to call from any thread.</summary>
/// <typeparam name="T">The kind of job.</typeparam>
internal sealed class JobQueue<T> : IDisposable
    where T : class
{
    private readonly Lock _gate = new();
    private readonly LinkedList<T> _jobs = [];
    private readonly ManualResetEventSlim _wake = new();
    private bool _isClosed;

    /// <summary>The number of waiting jobs.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>Adds a job.</summary>
    /// <returns>False: the queue is closed.</returns>
    public bool TryAdd(T job)
    {
        lock (_gate)
        {
            if (_isClosed)
                return false;
            _jobs.AddLast(job);
            _wake.Set();
            return true;
        }
    }

    /// <summary>Takes the first job if the predicate accepts it; null: there is none, or the predicate rejects it.</summary>
    public T? TakeFirst(Func<T, bool> test)
    {
        lock (_gate)
        {
            if (_jobs.First is not { } first || !test(first.Value))
                return null;
            _jobs.RemoveFirst();
            return first.Value;
        }
    }

    /// <summary>Removes every job that the predicate accepts, at any position.</summary>
    public IReadOnlyList<T> TakeAll(Func<T, bool> test)
    {
        List<T>? taken = null;
        lock (_gate)
        {
            for (LinkedListNode<T>? node = _jobs.First; node is not null;)
            {
                LinkedListNode<T>? next = node.Next;
                if (test(node.Value))
                {
                    (taken ??= []).Add(node.Value);
                    _jobs.Remove(node);
                }

                node = next;
            }
        }

        return taken ?? [];
    }

    /// <summary>Waits until there is a job or the queue is closed.</summary>
    /// <returns>False: the queue is closed.</returns>
    public bool WaitForJob()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_isClosed)
                    return false;
                if (_jobs.Count > 0)
                    return true;
                _wake.Reset();
            }

            _wake.Wait();
        }
    }

    /// <summary>Accepts no more jobs; waiting ones stay until they are taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _wake.Set();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();
}
