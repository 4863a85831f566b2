using System.Diagnostics;
using System.Globalization;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.PullBenchmark;

/// <summary>Runs a program of the system.</summary>
internal static class Tool
{
    private const int ChildrenUser = 13, ChildrenSystem = 14;

    // In hundredths of a second. The name of the program may contain anything and ends with the last parenthesis.
    private static long ChildrenTicks
    {
        get
        {
            string text = File.ReadAllText("/proc/self/stat");
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[ChildrenUser], CultureInfo.InvariantCulture) + long.Parse(fields[ChildrenSystem], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Runs it to its end. No other child of this process may end meanwhile.</summary>
    /// <returns>Its CPU time in seconds, in steps of 10 ms.</returns>
    /// <exception cref="BenchmarkException">It failed.</exception>
    public static async Task<double> MeasureAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        long before = ChildrenTicks;
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? (ChildrenTicks - before) / 100.0
            : throw new BenchmarkException($"{program} ended with exit code {process.ExitCode}");
    }
}
