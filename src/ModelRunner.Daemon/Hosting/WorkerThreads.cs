using ModelRunner.Daemon.Models;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Makes all threads of the thread pool when the daemon starts, and keeps them. .NET makes them when they are needed and ends the whole process
/// where the system refuses one, so a daemon that reaches a limit of threads (<c>pids.max</c>, <c>ulimit -u</c>) would be gone with all its
/// runners. With its threads in hand it goes on serving, and only a new runner cannot be started.
/// </summary>
internal static class WorkerThreads
{
    /// <summary>
    /// Far more than are at work at once: what waits for a client, a runner or a disk waits without a thread. Model files and their folders are
    /// read by <see cref="FileThreads"/>.
    /// </summary>
    private const int Count = 32;

    private const int CountBeyondProcessors = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Makes the threads. That they never end is said in the project file.</summary>
    /// <returns>Null; or, where the system refuses them, a sentence for the user.</returns>
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
            return $"the system gives this process fewer than the {count + FileThreads.SharedCount} threads that it needs; "
                + "raise the limit of processes and threads (pids.max, ulimit -u)";
        }

        // The pool takes the number for one that is good for throughput, unless it was told of a lower limit in between.
        ThreadPool.SetMinThreads(usual, usualForIo);
        ThreadPool.SetMaxThreads(usual, mostForIo);
        ThreadPool.SetMaxThreads(count, mostForIo);
        return null;
    }

    // Each item takes a thread until all have one. Where this runs on a thread of the pool, that one is made already.
    private static void StartAll(int count)
    {
        var meeting = new Meeting(Thread.CurrentThread.IsThreadPoolThread ? count - 1 : count);
        int items = meeting.Missing;
        for (int i = 0; i < items; i++)
            ThreadPool.UnsafeQueueUserWorkItem(static meeting => meeting.Arrive(), meeting, preferLocal: false);
        meeting.Wait();
    }

    /// <summary>Lets everybody wait until the last one has come, or until <see cref="Patience"/> is over.</summary>
    private sealed class Meeting(int missing)
    {
        private readonly object _gate = new();

        public int Missing { get; private set; } = missing;

        public void Arrive()
        {
            lock (_gate)
            {
                Missing--;
                Monitor.PulseAll(_gate);
            }

            Wait();
        }

        public void Wait()
        {
            long begin = Environment.TickCount64;
            lock (_gate)
            {
                while (Missing > 0 && Environment.TickCount64 - begin < Patience.TotalMilliseconds)
                    Monitor.Wait(_gate, Patience);
            }
        }
    }
}
