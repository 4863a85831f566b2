using System.Globalization;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What the daemon itself takes of the machine. Only used while a page is put together, under its lock.</summary>
internal sealed class ProcessFigures(TimeProvider time)
{
    private const string DescriptorFolder = "/proc/self/fd";

    /// <summary>The kernel walks through all of them, so thousands are not counted anew for each page.</summary>
    private static readonly TimeSpan CountAfter = TimeSpan.FromSeconds(5);

    private readonly double _startedAt = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
    private readonly long? _mostDescriptors = ReadMostDescriptors();
    private long? _countedAt;
    private int? _descriptors;

    public void Write(ExpositionWriter writer)
    {
        writer.BeginFamily(
            "model_runner_process_cpu_seconds_total", MetricType.Counter, "Processor time that the daemon has used, its runners not included", "seconds");
        writer.WriteSample(Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.BeginFamily("model_runner_process_resident_memory_bytes", MetricType.Gauge, "Resident memory of the daemon, its runners not included", "bytes");
        writer.WriteSample(Environment.WorkingSet);
        writer.BeginFamily("model_runner_process_start_time_seconds", MetricType.Gauge, "When the daemon started, in seconds since 1970", "seconds");
        writer.WriteSample(_startedAt);
        WriteDescriptors(writer);
    }

    private void WriteDescriptors(ExpositionWriter writer)
    {
        if (_countedAt is not { } countedAt || time.GetElapsedTime(countedAt) >= CountAfter)
            (_descriptors, _countedAt) = (CountDescriptors(), time.GetTimestamp());
        if (_descriptors is { } descriptors)
        {
            writer.BeginFamily("model_runner_process_open_fds", MetricType.Gauge, "File descriptors that the daemon holds");
            writer.WriteSample(descriptors);
        }

        if (_mostDescriptors is { } most)
        {
            writer.BeginFamily("model_runner_process_max_fds", MetricType.Gauge, "File descriptors that the daemon may hold");
            writer.WriteSample(most);
        }
    }

    // A machine without /proc just has no such series.
    private static int? CountDescriptors()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(DescriptorFolder).Count();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? ReadMostDescriptors()
    {
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
            string[] words = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            return words.Length > 3 && long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out long most) ? most : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
