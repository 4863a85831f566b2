namespace ModelRunner.SwapBenchmark;

/// <summary>
/// First come, first served: requests are sent to the daemon strictly in the order of their arrival, also those for loaded models. The idle model that was
/// used least recently is unloaded for one that is missing, so the daemon never chooses.
/// </summary>
/// <param name="daemon">A daemon without loaded models.</param>
internal sealed class StrictOrder(DaemonRun daemon) : IDisposable
{
    private const int Room = 2;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<int, (int InFlight, long LastUsed)> _loaded = [];
    private TaskCompletionSource _ended = new();
    private long _uses;

    /// <summary>Sends a request when it is its turn.</summary>
    /// <param name="model">The number of its model.</param>
    /// <param name="send">Sends it, and returns when its response is complete.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task SendAsync(int model, Func<Task> send, CancellationToken cancellation)
    {
        // Waiters of a semaphore get their turns in their order.
        await _turn.WaitAsync(cancellation);
        Task response;
        try
        {
            bool isLoaded;
            lock (_lock)
                isLoaded = _loaded.ContainsKey(model);
            if (!isLoaded)
                await MakeRoomAsync(cancellation);
            Begin(model);
            response = SendOneAsync(model, send);

            // The next request does not overtake one whose model loads.
            if (!isLoaded)
                await response;
        }
        finally
        {
            _turn.Release();
        }

        await response;
    }

    public void Dispose() => _turn.Dispose();

    private async Task SendOneAsync(int model, Func<Task> send)
    {
        try
        {
            await send();
        }
        finally
        {
            lock (_lock)
            {
                _loaded[model] = (_loaded[model].InFlight - 1, ++_uses);
                _ended.TrySetResult();
            }
        }
    }

    private async Task MakeRoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            int? victim;
            Task ended;
            lock (_lock)
            {
                if (_loaded.Count < Room)
                    return;
                victim = _loaded.Where(static model => model.Value.InFlight == 0).OrderBy(static model => model.Value.LastUsed)
                    .Select(static model => (int?)model.Key).FirstOrDefault();
                if (victim is { } idle)
                    _loaded.Remove(idle);
                _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ended = _ended.Task;
            }

            if (victim is { } leaving)
                await daemon.UnloadAsync(leaving, cancellation);
            else
                await ended.WaitAsync(cancellation);
        }
    }

    private void Begin(int model)
    {
        lock (_lock)
            _loaded[model] = (_loaded.GetValueOrDefault(model).InFlight + 1, ++_uses);
    }
}
