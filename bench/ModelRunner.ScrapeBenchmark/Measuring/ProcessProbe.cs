using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelRunner.ScrapeBenchmark.Measuring;

/// <summary>Reads counters of another process, which must be alive.</summary>
/// <param name="process">Its id.</param>
internal sealed partial class ProcessProbe(int process)
{
    private readonly int _clock = ClockOf(process);

    /// <summary>
    /// CPU time since its start in nanoseconds, from its own clock: exact, and including ended threads. The counters of <c>/proc</c> advance
    /// in steps of 10 ms.
    /// </summary>
    public long CpuNanoseconds => ReadClock(_clock, out Timespec time) == 0
        ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
        : throw new Win32Exception(Marshal.GetLastPInvokeError());

    /// <summary>CPU time in user mode and in the kernel, in hundredths of a second; meant for their ratio.</summary>
    public (long User, long System) CpuTicks
    {
        get
        {
            // The name of the program may contain anything and ends with the last parenthesis; the counters are fields 14 and 15.
            string text = File.ReadAllText($"/proc/{process}/stat");
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture), long.Parse(fields[12], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Bytes of its private memory now.</summary>
    public long ResidentBytes => ReadStatus("VmRSS:");

    /// <summary>The maximum since its start, or since <see cref="ForgetPeak"/>.</summary>
    public long PeakBytes => ReadStatus("VmHWM:");

    /// <summary>Resets <see cref="PeakBytes"/>.</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    private long ReadStatus(string name)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static int ClockOf(int process) =>
        FindClock(process, out int clock) is > 0 and var error ? throw new Win32Exception(error) : clock;

    [LibraryImport("libc", EntryPoint = "clock_getcpuclockid")]
    private static partial int FindClock(int process, out int clock);

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ReadClock(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
