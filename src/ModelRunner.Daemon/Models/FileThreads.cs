namespace ModelRunner.Daemon.Models;

/// <summary>
/// The threads that look at model files and folders. A file system may never answer, and then it holds a thread for ever: so these are not the
/// thread pool's, which answers requests, and one device gets only a part of them. Safe to call from any thread.
/// </summary>
/// <param name="count">How many threads there are.</param>
/// <param name="mostPerDevice">How many of them work for one device at a time.</param>
internal sealed class FileThreads(int count, int mostPerDevice)
{
    /// <summary>How many there are in this process.</summary>
    public const int SharedCount = 6;

    private const int SharedMostPerDevice = 2;

    private readonly object _gate = new();
    private readonly Queue<(ulong? Device, Action Work)> _ready = [];
    private readonly Dictionary<ulong, int> _busy = [];

    /// <summary>What waits until its device is less busy.</summary>
    private readonly Dictionary<ulong, Queue<Action>> _waiting = [];
    private int _started;

    /// <summary>Those of this process.</summary>
    public static FileThreads Shared { get; } = new(SharedCount, SharedMostPerDevice);

    /// <summary>Makes the threads, unless they are there. They live as long as the process.</summary>
    /// <exception cref="OutOfMemoryException">The system gives no thread.</exception>
    public void Start()
    {
        lock (_gate)
        {
            for (; _started < count; _started++)
                new Thread(Work) { IsBackground = true, Name = "model files" }.Start();
        }
    }

    /// <summary>Does some work on one of the threads.</summary>
    /// <param name="device">The device that it reads from; null: it is not counted.</param>
    /// <param name="work">The work.</param>
    public Task<T> RunAsync<T>(ulong? device, Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Start();
        Add(device, () =>
        {
            try
            {
                result.SetResult(work());
            }
            catch (Exception failure)
            {
                result.SetException(failure);
            }
        });
        return result.Task;
    }

    private void Add(ulong? device, Action work)
    {
        lock (_gate)
        {
            if (device is { } counted)
            {
                int busy = _busy.GetValueOrDefault(counted);
                if (busy == mostPerDevice)
                {
                    if (!_waiting.TryGetValue(counted, out Queue<Action>? queue))
                        _waiting[counted] = queue = [];
                    queue.Enqueue(work);
                    return;
                }

                _busy[counted] = busy + 1;
            }

            _ready.Enqueue((device, work));
            Monitor.Pulse(_gate);
        }
    }

    private void Work()
    {
        while (true)
        {
            (ulong? Device, Action Work) next;
            lock (_gate)
            {
                while (!_ready.TryDequeue(out next))
                    Monitor.Wait(_gate);
            }

            next.Work();
            if (next.Device is { } device)
                Finish(device);
        }
    }

    private void Finish(ulong device)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(device, out Queue<Action>? queue))
            {
                _ready.Enqueue((device, queue.Dequeue()));
                Monitor.Pulse(_gate);
                if (queue.Count == 0)
                    _waiting.Remove(device);
            }
            else if (--_busy[device] == 0)
            {
                _busy.Remove(device);
            }
        }
    }
}
