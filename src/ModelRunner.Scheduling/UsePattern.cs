namespace ModelRunner.Scheduling;

/// <summary>
/// What the last requests say about the next ones: which model is needed after which, and how long clients pause between a response and their next
/// request. Clients have no names here: a request is taken for the next one of the client whose response ended last. If
/// clients work side by side, a single step may be wrong; the steps of all of them together show what follows what. Bounded. Not thread-safe.
/// </summary>
internal sealed class UsePattern
{
    /// <summary>The number of steps from one request to the next that are remembered, and of clients that pause.</summary>
    public const int Remembered = 64;

    /// <summary>With fewer steps nothing is predicted.</summary>
    public const int Enough = 8;

    /// <summary>A model that is needed after more requests of a client counts as one that it does not need.</summary>
    private const int Farthest = 16;

    /// <summary>A client that pauses for so many usual pauses is not expected any more.</summary>
    private const int LongestPauses = 10;

    private readonly LinkedList<(RunnerKey Model, TimeSpan EndedAt)> _pausing = [];
    private readonly Queue<(RunnerKey From, RunnerKey To, TimeSpan Pause)> _steps = [];
    private readonly StepDistances _distances = new(Remembered, Farthest);
    private readonly TimeSpan[] _pauses = new TimeSpan[Remembered];
    private bool _isStale = true;

    private TimeSpan UsualPause => _pauses[_steps.Count / 2];

    /// <summary>A response has ended, so its client may send its next request.</summary>
    public void End(RunnerKey model, TimeSpan now)
    {
        _pausing.AddLast((model, now));
        if (_pausing.Count > Remembered)
            _pausing.RemoveFirst();
    }

    /// <summary>A request has arrived.</summary>
    public void Arrive(RunnerKey model, TimeSpan now)
    {
        if (_pausing.Last is not { } pausing)
            return;
        _pausing.Remove(pausing);
        _steps.Enqueue((pausing.Value.Model, model, now - pausing.Value.EndedAt));
        if (_steps.Count > Remembered)
            _steps.Dequeue();
        _isStale = true;
    }

    /// <summary>
    /// How soon a model is needed again, over all clients: each adds 1 if it needs the model at once, and half as much for each request that it sends before.
    /// Zero: nothing is known.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="requests">The models of the requests that run or wait, with their number.</param>
    /// <param name="now">The time.</param>
    public double NeedOf(RunnerKey model, IEnumerable<(RunnerKey Model, int Count)> requests, TimeSpan now)
    {
        if (_steps.Count < Enough)
            return 0;
        Refresh();
        ReadOnlySpan<double> needs = _distances.NeedsOf(model);
        double current = 0;
        foreach ((RunnerKey at, int count) in requests)
            current += count == 0 ? 0 : count * _distances.Find(needs, at);
        double expected = 0;
        TimeSpan longest = LongestPauses * UsualPause;
        foreach ((RunnerKey at, TimeSpan endedAt) in _pausing)
            expected += now - endedAt <= longest ? _distances.Find(needs, at) : 0;
        return current + expected;
    }

    /// <summary>
    /// Until when the next request of a client that pauses is worth a wait, if a load takes this time: if clients usually pause for at most half of it.
    /// The past: all clients have sent their next requests. Null: nothing is known, or it is not worth it.
    /// </summary>
    public TimeSpan? AwaitedUntil(TimeSpan loadTime)
    {
        if (_steps.Count < Enough)
            return null;
        if (_pausing.Last is not { } last)
            return TimeSpan.MinValue;
        Refresh();
        if (UsualPause > loadTime / 2)
            return null;
        TimeSpan longest = LongestPauses * UsualPause;
        return last.Value.EndedAt + (longest < loadTime ? longest : loadTime);
    }

    // Most requests find their model loaded, and nothing is decided. So an arrival only notes the step, and the first question does the rest.
    private void Refresh()
    {
        if (!_isStale)
            return;
        _isStale = false;
        _distances.Clear();
        int count = 0;
        foreach ((RunnerKey from, RunnerKey to, TimeSpan pause) in _steps)
        {
            _distances.Add(from, to);
            _pauses[count++] = pause;
        }

        Array.Sort(_pauses, 0, count);
    }
}
