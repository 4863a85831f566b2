using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Writes the families about the log of the daemon.</summary>
internal static class LogMetrics
{
    public static void Write(ExpositionWriter writer)
    {
        writer.BeginFamily(
            "model_runner_log_lines_dropped_total", MetricType.Counter,
            "Lines of the daemon's log that were lost, because the reader of the output was too slow or the disk was full");
        writer.WriteSample(ProcessLog.StandardError.LostLines, new KeyValuePair<string, string>("output", "stderr"));
        if (ProcessLog.File is { } file)
            writer.WriteSample(file.LostLines, new KeyValuePair<string, string>("output", "file"));
    }
}
