using System.Diagnostics;
using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>
/// Measures how much of the machine's CPU time other programs use, from its creation on. A test of durations proves nothing while they take
/// much of it.
/// </summary>
/// <param name="processes">The processes of the test, besides this one. They must still run at <see cref="Share"/>.</param>
public sealed class ForeignLoad(params IReadOnlyList<int> processes)
{
    // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; the guest times are part of user.
    private const int Fields = 8;
    private const int Idle = 3;
    private const int InputOutputWait = 4;

    private readonly (double Busy, double All, double Own) _before = Read(processes);

    /// <summary>The share of the CPU time of all cores since the creation; 0 to 1.</summary>
    public double Share
    {
        get
        {
            (double busy, double all, double own) = Read(processes);
            return Math.Max(0, busy - _before.Busy - (own - _before.Own)) / (all - _before.All);
        }
    }

    private static (double Busy, double All, double Own) Read(IReadOnlyList<int> processes)
    {
        double[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1).Take(Fields).Select(static text => double.Parse(text, CultureInfo.InvariantCulture))];
        double all = ticks.Sum();
        double own = processes.Append(Environment.ProcessId).Sum(static id =>
        {
            using var process = Process.GetProcessById(id);
            return process.TotalProcessorTime.TotalSeconds;
        });

        // The kernel counts in hundredths of a second (USER_HZ).
        return ((all - ticks[Idle] - ticks[InputOutputWait]) / 100, all / 100, own);
    }
}
