using System.Globalization;
using Microsoft.Win32.SafeHandles;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about the daemon's own process. Not thread-safe: used only under the merge lock.</summary>
internal sealed class ProcessMetrics(TimeProvider time)
{
    private const string DescriptorFolder = "/proc/self/fd";

    /// <summary>
    /// The kernel's memory statistics of this process, kept open so that a read is one short system call. <see cref="Environment.WorkingSet"/>
    /// opens, parses and closes <c>/proc/self/status</c>, which took a twentieth of the time of a page of ten runners.
    /// </summary>
    private static readonly SafeFileHandle? Memory = OpenMemory();

    /// <summary>
    /// The interval between two counts. The kernel walks through all descriptors, so thousands are not counted for each page.
    /// </summary>
    private static readonly TimeSpan CountAfter = TimeSpan.FromSeconds(5);

    private readonly long? _maxDescriptors = OpenFileLimit.Read();
    private long? _countedAt;
    private int? _descriptors;

    /// <summary>When the daemon started.</summary>
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public void Write(FamilyWriter writer)
    {
        writer.Write(MetricFamilies.ProcessCpu, Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.Write(MetricFamilies.ProcessMemory, ReadResidentBytes() ?? Environment.WorkingSet);
        writer.Write(MetricFamilies.ProcessStartTime, (StartedAt - DateTimeOffset.UnixEpoch).TotalSeconds);
        WriteDescriptors(writer);
    }

    /// <summary>The daemon's resident memory in bytes; null if the kernel does not report it.</summary>
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

    private void WriteDescriptors(FamilyWriter writer)
    {
        if (_countedAt is not { } countedAt || time.GetElapsedTime(countedAt) >= CountAfter)
            (_descriptors, _countedAt) = (CountDescriptors(), time.GetTimestamp());
        if (_descriptors is { } descriptors)
            writer.Write(MetricFamilies.ProcessOpenDescriptors, descriptors);
        if (_maxDescriptors is { } max)
            writer.Write(MetricFamilies.ProcessMaxDescriptors, max);
    }

    // Without /proc the page has no such series.
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
}
