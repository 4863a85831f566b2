using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>
/// How long the threads of a process and of its children ran, and how long they waited for a processor that another thread had. A limit of a
/// duration holds on a busy machine if <see cref="LongestWait"/> is subtracted.
/// </summary>
internal sealed class ProcessorTimes
{
    private readonly Dictionary<(int Process, string Thread), (long Ran, long Waited)> _threads = [];

    private ProcessorTimes()
    {
    }

    /// <summary>The time on a processor, of all threads together.</summary>
    public TimeSpan Ran => TimeSpan.FromMicroseconds(_threads.Values.Sum(static thread => thread.Ran) / 1000.0);

    /// <summary>
    /// The time that a thread was ready to run without a processor: of each process, that of the thread that waited longest. The processes work
    /// one after another. Threads of one process wait at the same time, so the sum of all waits can exceed the whole duration.
    /// </summary>
    public TimeSpan LongestWait => TimeSpan.FromMicroseconds(
        _threads.GroupBy(static thread => thread.Key.Process).Sum(static process => process.Max(static thread => thread.Value.Waited)) / 1000.0);

    /// <summary>Reads the times from the kernel, for the threads that live now, since their start.</summary>
    public static ProcessorTimes Of(int process)
    {
        var times = new ProcessorTimes();
        foreach ((int Process, string Thread) thread in ProcessTable.ChildrenOf(process).Prepend(process).SelectMany(ThreadsOf))
        {
            try
            {
                // sched-stats: nanoseconds on a processor, nanoseconds in the run queue, number of runs.
                string[] fields = File.ReadAllText(Path.Join(thread.Thread, "schedstat")).Split(' ');
                times._threads[thread] = (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // The thread ended meanwhile, or the kernel does not count this.
            }
        }

        return times;
    }

    /// <summary>The times of the same threads, without those of an earlier reading.</summary>
    public ProcessorTimes Since(ProcessorTimes earlier)
    {
        var times = new ProcessorTimes();
        foreach (((int Process, string Thread) thread, (long ran, long waited)) in _threads)
        {
            (long Ran, long Waited) before = earlier._threads.GetValueOrDefault(thread);
            times._threads[thread] = (ran - before.Ran, waited - before.Waited);
        }

        return times;
    }

    private static IEnumerable<(int Process, string Thread)> ThreadsOf(int process)
    {
        try
        {
            return [.. Directory.GetDirectories($"/proc/{process}/task").Select(thread => (process, thread))];
        }
        catch (IOException)
        {
            // The process ended meanwhile.
            return [];
        }
    }
}
