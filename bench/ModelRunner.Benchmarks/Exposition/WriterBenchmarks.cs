using BenchmarkDotNet.Attributes;
using ModelRunner.Exposition;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>Writes the families that the daemon writes about each runner.</summary>
[MemoryDiagnoser]
public class WriterBenchmarks
{
    private readonly FixedBuffer _output = new(1 << 20);

    [Params(10, 1000)]
    public int Runners { get; set; }

    private readonly TargetLabels _target = new(
        [new("backend", "llama.cpp"), new("model", "ai/smollm2:latest"), new("mode", "completion")]);

    [Benchmark]
    public int Targets()
    {
        _output.Clear();
        var writer = new ExpositionWriter(_output);
        writer.BeginFamily("model_runner_up", MetricType.Gauge, "Whether the last reading of the runner's metrics succeeded.");
        for (var number = 0; number < Runners; number++)
            writer.WriteSample(_target, 1);
        writer.BeginFamily("model_runner_scrape_duration_seconds", MetricType.Gauge, "How long the last reading took.");
        for (var number = 0; number < Runners; number++)
            writer.WriteSample(_target, 0.0012345);
        return _output.Written;
    }

    [Benchmark]
    public int Families()
    {
        _output.Clear();
        var writer = new ExpositionWriter(_output);
        writer.BeginFamily("model_runner_up", MetricType.Gauge, "Whether the last reading of the runner's metrics succeeded.");
        for (var number = 0; number < Runners; number++)
            writer.WriteSample(1, new("backend", "llama.cpp"), new("model", "ai/smollm2:latest"), new("mode", "completion"));
        writer.BeginFamily("model_runner_scrape_duration_seconds", MetricType.Gauge, "How long the last reading took.");
        for (var number = 0; number < Runners; number++)
            writer.WriteSample(0.0012345, new("backend", "llama.cpp"), new("model", "ai/smollm2:latest"), new("mode", "completion"));
        return _output.Written;
    }
}
