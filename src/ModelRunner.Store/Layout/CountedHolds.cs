namespace ModelRunner.Store.Layout;

/// <summary>Things that are held, each as often as somebody holds it. Safe to call from any thread.</summary>
internal sealed class CountedHolds<T>
    where T : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<T, int> _counts = [];

    /// <summary>Holds things until disposal.</summary>
    public IDisposable Hold(IReadOnlyList<T> things)
    {
        lock (_lock)
        {
            foreach (T thing in things)
                _counts[thing] = _counts.GetValueOrDefault(thing) + 1;
        }

        return new Held(this, things);
    }

    /// <summary>Decides by what is held, while nothing is added or released.</summary>
    public bool Decide(Func<IReadOnlyCollection<T>, bool> decide)
    {
        lock (_lock)
            return decide(_counts.Keys);
    }

    private void Release(IReadOnlyList<T> things)
    {
        lock (_lock)
        {
            foreach (T thing in things)
            {
                if (--_counts[thing] == 0)
                    _counts.Remove(thing);
            }
        }
    }

    private sealed class Held(CountedHolds<T> holds, IReadOnlyList<T> things) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
                holds.Release(things);
        }
    }
}
