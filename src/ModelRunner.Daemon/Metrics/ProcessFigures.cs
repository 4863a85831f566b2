using System.Globalization;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What the daemon itself takes of the machine. Only used while a page is put together, under its lock.</summary>
internal sealed class ProcessFigures(TimeProvider time)
{
    private const string DescriptorFolder = "/proc/self/fd";

    /// <summary>
    /// The kernel's figures on memory, always open: to read them is one short call. <see cref="Environment.WorkingSet"/> opens
    /// <c>/proc/self/status</c>, reads all of it and closes it, which was a twentieth of what a page of ten runners costs.
    /// </summary>
    private static readonly SafeFileHandle? Memory = OpenMemory();

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
        writer.WriteSample(ReadResidentBytes() ?? Environment.WorkingSet);
        writer.BeginFamily("model_runner_process_start_time_seconds", MetricType.Gauge, "When the daemon started, in seconds since 1970", "seconds");
        writer.WriteSample(_startedAt);
        WriteDescriptors(writer);
    }

    /// <summary>The daemon's resident memory; null where the kernel does not say it.</summary>
    internal static long? ReadResidentBytes()
    {
        if (Memory is null)
            return null;
        try
        {
            // In pages: size resident shared … (proc_pid_statm(5)).
            Span<byte> buffer = stackalloc byte[128];
            ReadOnlySpan<byte> figures = buffer[..RandomAccess.Read(Memory, buffer, fileOffset: 0)];
            figures = figures[(figures.IndexOf((byte)' ') + 1)..];
            int end = figures.IndexOf((byte)' ');
            return end > 0 && long.TryParse(figures[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long pages)
                ? pages * Environment.SystemPageSize
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static SafeFileHandle? OpenMemory()
    {
        try
        {
            return File.OpenHandle("/proc/self/statm");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
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
