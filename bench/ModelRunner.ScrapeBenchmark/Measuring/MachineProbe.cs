using System.Globalization;

namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>Reads counters of the whole machine.</summary>
internal static class MachineProbe
{
    /// <summary>
    /// CPU time of the whole machine since its start in nanoseconds, in steps of 10 ms: user, nice, system, interrupts, and the time that
    /// the host of a virtual machine took.
    /// </summary>
    public static long BusyNanoseconds
    {
        get
        {
            // The last counters, those of guests, are already part of the user counters.
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
