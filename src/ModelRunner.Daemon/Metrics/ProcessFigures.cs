using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What the daemon itself takes of the machine.</summary>
internal sealed class ProcessFigures(TimeProvider time)
{
    private readonly double _startedAt = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    public void Write(ExpositionWriter writer)
    {
        writer.BeginFamily("model_runner_process_cpu_seconds_total", MetricType.Counter, "Processor time that the daemon has used, its runners not included");
        writer.WriteSample(Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.BeginFamily("model_runner_process_resident_memory_bytes", MetricType.Gauge, "Resident memory of the daemon, its runners not included");
        writer.WriteSample(Environment.WorkingSet);
        writer.BeginFamily("model_runner_process_start_time_seconds", MetricType.Gauge, "When the daemon started, in seconds since 1970");
        writer.WriteSample(_startedAt);
    }
}
