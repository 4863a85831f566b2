using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Creates all threads of the thread pool at start and keeps them. .NET creates them on demand and ends the whole process if the system
/// refuses one, so a daemon at its limit of threads (<c>pids.max</c>, <c>ulimit -u</c>) would end with all its runners. With all threads
/// created, it continues to serve; it only cannot start a new runner.
/// </summary>
internal static class WorkerThreads
{
    /// <summary>
    /// Far more than run at the same time: waiting for a client, a runner or a disk takes no thread. <see cref="FileThreads"/> read model
    /// files and folders.
    /// </summary>
    private const int Count = 32;

    private const int CountBeyondProcessors = 8;
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Creates the threads. A setting in the project file keeps them alive.</summary>
    /// <returns>Null; or a sentence for the user if the system refuses them.</returns>
    public static string? Prepare()
    {
        int count = Math.Max(Count, Environment.ProcessorCount + CountBeyondProcessors);
        ThreadPool.GetMinThreads(out int usual, out int usualForIo);
        ThreadPool.GetMaxThreads(out _, out int mostForIo);
        if (!ThreadPool.SetMinThreads(count, usualForIo) || !ThreadPool.SetMaxThreads(count, mostForIo))
            return null;

        try
        {
            StartAll(count);
            FileThreads.Shared.Start();
        }
        catch (OutOfMemoryException)
        {
            return $"the system allows this process fewer than the {count + FileThreads.SharedCount} threads that it needs; "
                + "raise the limit of processes and threads (pids.max, ulimit -u)";
        }

        // The pool would tune the number by throughput; setting a lower limit in between prevents that.
        ThreadPool.SetMinThreads(usual, usualForIo);
        ThreadPool.SetMaxThreads(usual, mostForIo);
        ThreadPool.SetMaxThreads(count, mostForIo);
        return null;
    }

    // Each item occupies a thread until every thread has one. If this runs on a thread of the pool, that thread already exists.
    private static void StartAll(int count)
    {
        var meeting = new Meeting(Thread.CurrentThread.IsThreadPoolThread ? count - 1 : count);
        int items = meeting.Missing;
        for (int i = 0; i < items; i++)
            ThreadPool.UnsafeQueueUserWorkItem(static meeting => meeting.Arrive(), meeting, preferLocal: false);
        meeting.Wait();
    }

    /// <summary>Blocks each item until the last one has started, or until the timeout.</summary>
    private sealed class Meeting(int missing)
    {
        private readonly object _lock = new();

        public int Missing { get; private set; } = missing;

        public void Arrive()
        {
            lock (_lock)
            {
                Missing--;
                Monitor.PulseAll(_lock);
            }

            Wait();
        }

        public void Wait()
        {
            long begin = Environment.TickCount64;
            lock (_lock)
            {
                while (Missing > 0 && Environment.TickCount64 - begin < WaitTimeout.TotalMilliseconds)
                    Monitor.Wait(_lock, WaitTimeout);
            }
        }
    }
}
