using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about the log of the daemon.</summary>
internal static class LogMetrics
{
    public static void Write(FamilyWriter writer)
    {
        writer.Write(MetricFamilies.LogLinesDropped, ProcessLog.StandardError.LostLines, "stderr");
        if (ProcessLog.File is { } file)
            writer.Write(MetricFamilies.LogLinesDropped, file.LostLines, "file");
    }
}
