namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>
/// First come, first served: requests are admitted strictly in the order of their arrival, also those for loaded models, and the idle model that was used
/// least recently makes room. What <see cref="Scheduler"/> is compared with.
/// </summary>
/// <param name="room">The number of models that fit.</param>
/// <param name="loadTime">How long a load takes.</param>
/// <param name="responseTime">How long a response takes.</param>
/// <param name="stopTime">How long a process takes to end.</param>
internal sealed class StrictOrderWorld(int room, Func<TimeSpan> loadTime, Func<TimeSpan> responseTime, Func<TimeSpan> stopTime) : IAgentWorld
{
    private readonly PriorityQueue<Action, (TimeSpan Time, long Order)> _agenda = new();
    private readonly LinkedList<(int Model, Action Done)> _queue = [];
    private readonly Dictionary<int, (int InFlight, TimeSpan LastUsed)> _loaded = [];
    private long _lastOrder;
    private bool _isSwapping;

    public TimeSpan Now { get; private set; }

    public int Loads { get; private set; }

    public int Admitted { get; private set; }

    public void At(TimeSpan time, Action action) => _agenda.Enqueue(action, (time, ++_lastOrder));

    public void Ask(int model, Action done)
    {
        _queue.AddLast((model, done));
        Serve();
    }

    public void Run(TimeSpan end)
    {
        while (_agenda.TryPeek(out Action? action, out (TimeSpan Time, long Order) next) && next.Time <= end)
        {
            _agenda.Dequeue();
            Now = next.Time;
            action();
        }
    }

    private void Serve()
    {
        while (!_isSwapping && _queue.First is { } first)
        {
            (int model, Action done) = first.Value;
            if (!_loaded.TryGetValue(model, out (int InFlight, TimeSpan LastUsed) runner))
            {
                Swap(model);
                return;
            }

            _queue.RemoveFirst();
            Admitted++;
            _loaded[model] = (runner.InFlight + 1, Now);
            At(Now + responseTime(), () => End(model, done));
        }
    }

    private void End(int model, Action done)
    {
        _loaded[model] = (_loaded[model].InFlight - 1, Now);
        Serve();
        done();
    }

    private void Swap(int model)
    {
        TimeSpan stops = Now;
        if (_loaded.Count == room)
        {
            List<KeyValuePair<int, (int InFlight, TimeSpan LastUsed)>> idle = [.. _loaded.Where(static entry => entry.Value.InFlight == 0)];
            if (idle.Count == 0)
                return;
            _loaded.Remove(idle.MinBy(static entry => entry.Value.LastUsed).Key);
            stops += stopTime();
        }

        Loads++;
        _isSwapping = true;
        At(stops + loadTime(), () =>
        {
            _isSwapping = false;
            _loaded[model] = (0, Now);
            Serve();
        });
    }
}
