using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What became of the daemon's own log.</summary>
internal static class LogFigures
{
    public static void Write(ExpositionWriter writer)
    {
        writer.BeginFamily(
            "model_runner_log_lines_dropped_total", MetricType.Counter,
            "Lines of the daemon's log that were lost, since nobody read them or the disk was full");
        writer.WriteSample(ProcessLog.StandardError.LostLines, new KeyValuePair<string, string>("output", "stderr"));
        if (ProcessLog.File is { } file)
            writer.WriteSample(file.LostLines, new KeyValuePair<string, string>("output", "file"));
    }
}
