using ModelRunner.Configuration;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// The threads that read model files and folders. A file system may hang and block a thread without a limit. So these threads do not belong to the
/// thread pool, which serves requests, and one device can occupy only a part of them. Safe to call from any thread.
/// </summary>
/// <param name="count">The number of threads.</param>
/// <param name="maxPerDevice">The most threads that work for one device at a time.</param>
internal sealed class FileThreads(int count, int maxPerDevice) : ISourceThreads
{
    /// <summary>The number of threads in this process.</summary>
    public const int SharedCount = 6;

    private const int SharedMostPerDevice = 2;
    private const int ConfiguredCount = 16;
    private const int PullCount = 8;
    private const int PullMostPerDevice = 2;

    private readonly object _lock = new();
    private readonly Queue<(ulong? Device, Action Work)> _ready = [];
    private readonly Dictionary<ulong, int> _busy = [];

    /// <summary>Work items that wait until their device occupies fewer threads.</summary>
    private readonly Dictionary<ulong, Queue<Action>> _waiting = [];
    private int _started;

    /// <summary>The threads of this process.</summary>
    public static FileThreads Shared { get; } = new(SharedCount, SharedMostPerDevice);

    /// <summary>Threads for the sources of models: the store of the daemon and each tool can occupy one.</summary>
    public static FileThreads Sources { get; } = new(SourceText.Kinds.Count + 1, SourceText.Kinds.Count + 1);

    /// <summary>Threads for the files that the configuration names. Each folder may be on a disk of its own.</summary>
    public static FileThreads Configured { get; } = new(ConfiguredCount, 1);

    /// <summary>Threads for pulls that look for a file at other tools. A pull must not delay a scan, nor a scan a pull.</summary>
    public static FileThreads Pulls { get; } = new(PullCount, PullMostPerDevice);

    /// <summary>Creates the threads, unless they exist. They live as long as the process.</summary>
    /// <exception cref="OutOfMemoryException">The system cannot create a thread.</exception>
    public void Start()
    {
        lock (_lock)
        {
            for (; _started < count; _started++)
                new Thread(Work) { IsBackground = true, Name = "model files" }.Start();
        }
    }

    /// <summary>Runs some work on one of the threads.</summary>
    /// <param name="device">The device that the work reads from; null: it is not counted.</param>
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

    // To ask for the device of a place could hang already.
    Task<T> ISourceThreads.RunAsync<T>(string place, Action begun, Func<T> work) => RunAsync((ulong)(uint)place.GetHashCode(StringComparison.Ordinal), () =>
    {
        begun();
        return work();
    });

    private void Add(ulong? device, Action work)
    {
        lock (_lock)
        {
            if (device is { } counted)
            {
                int busy = _busy.GetValueOrDefault(counted);
                if (busy == maxPerDevice)
                {
                    if (!_waiting.TryGetValue(counted, out Queue<Action>? queue))
                        _waiting[counted] = queue = [];
                    queue.Enqueue(work);
                    return;
                }

                _busy[counted] = busy + 1;
            }

            _ready.Enqueue((device, work));
            Monitor.Pulse(_lock);
        }
    }

    private void Work()
    {
        while (true)
        {
            (ulong? Device, Action Work) next;
            lock (_lock)
            {
                while (!_ready.TryDequeue(out next))
                    Monitor.Wait(_lock);
            }

            next.Work();
            if (next.Device is { } device)
                Finish(device);
        }
    }

    private void Finish(ulong device)
    {
        lock (_lock)
        {
            if (_waiting.TryGetValue(device, out Queue<Action>? queue))
            {
                _ready.Enqueue((device, queue.Dequeue()));
                Monitor.Pulse(_lock);
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
