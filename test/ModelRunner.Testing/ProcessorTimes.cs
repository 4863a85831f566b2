using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>
/// How long the threads of a process and of its children ran, and how long they waited for a processor that another thread had. A limit of a
/// duration holds on a busy machine if the second one is subtracted.
/// </summary>
/// <param name="Ran">On a processor.</param>
/// <param name="Waited">Ready to run, without a processor.</param>
internal readonly record struct ProcessorTimes(TimeSpan Ran, TimeSpan Waited)
{
    /// <summary>Reads both from the kernel, for the threads that live now, since their start.</summary>
    public static ProcessorTimes Of(int process)
    {
        long ran = 0;
        long waited = 0;
        foreach (int one in ProcessTable.ChildrenOf(process).Prepend(process))
        {
            foreach (string thread in Directory.GetDirectories($"/proc/{one}/task"))
            {
                try
                {
                    // sched-stats: nanoseconds on a processor, nanoseconds in the run queue, number of runs.
                    string[] fields = File.ReadAllText(Path.Join(thread, "schedstat")).Split(' ');
                    ran += long.Parse(fields[0], CultureInfo.InvariantCulture);
                    waited += long.Parse(fields[1], CultureInfo.InvariantCulture);
                }
                catch (IOException)
                {
                    // The thread ended meanwhile, or the kernel does not count this.
                }
            }
        }

        return new ProcessorTimes(TimeSpan.FromMicroseconds(ran / 1000.0), TimeSpan.FromMicroseconds(waited / 1000.0));
    }
}
