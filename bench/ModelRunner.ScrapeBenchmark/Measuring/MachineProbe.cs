using System.Globalization;

namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>Looks at the whole machine.</summary>
internal static class MachineProbe
{
    /// <summary>
    /// CPU time of everything since the machine's start in nanoseconds, in steps of 10 ms: user, nice, system, interrupts, and what the
    /// host of a virtual machine took away.
    /// </summary>
    public static long BusyNanoseconds
    {
        get
        {
            // The counters of guests, which come last, are in those of users already.
            const int Idle = 3, Waiting = 4, Guest = 8;
            return File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Guest)
                .Where(static (_, index) => index is not (Idle or Waiting))
                .Sum(static ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) * 10_000_000;
        }
    }

    /// <summary>Processor, cores and kernel, in one line.</summary>
    public static string Description
    {
        get
        {
            string? model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal));
            return $"{model?.Split(": ")[^1] ?? "unknown processor"}, {Environment.ProcessorCount} cores, {Environment.OSVersion.VersionString}";
        }
    }
}
