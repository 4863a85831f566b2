using BenchmarkDotNet.Attributes;
using ModelRunner.Exposition;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>
/// One whole page: read all sources, merge, write. <see cref="Nothing"/> is the floor: it copies the bodies one after the other without
/// reading them.
/// </summary>
[MemoryDiagnoser]
public class MergerBenchmarks
{
    private readonly ExpositionMerger _merger = new(new ExpositionLimits());
    private FixedBuffer _output = new(0);
    private TargetLabels[] _targets = [];

    [ParamsSource(nameof(Cases))]
    public PageCase Case { get; set; } = PageCase.Llama(1);

    public static IEnumerable<PageCase> Cases =>
    [
        PageCase.Llama(1), PageCase.Llama(100), PageCase.Llama(1000), PageCase.Vllm(1), PageCase.Vllm(10),
        PageCase.Vllm(100), PageCase.Huge(1),
    ];

    [GlobalSetup]
    public void Setup()
    {
        _targets =
        [
            .. Enumerable.Range(0, Case.Sources).Select(number => new TargetLabels(
                [new("backend", "llama.cpp"), new("model", $"ai/model-{number:D4}:latest"), new("mode", "completion")])),
        ];
        _output = new FixedBuffer(checked((int)(Case.TotalBytes * 3)) + (256 * 1024));
    }

    [Benchmark(Baseline = true)]
    public int Nothing()
    {
        _output.Clear();
        for (var number = 0; number < Case.Sources; number++)
        {
            Case.Page.CopyTo(_output.GetSpan());
            _output.Advance(Case.Page.Length);
        }

        return _output.Written;
    }

    [Benchmark]
    public int Text() => Merge(ExpositionFormat.Text004);

    [Benchmark]
    public int OpenMetrics() => Merge(ExpositionFormat.OpenMetrics100);

    private int Merge(ExpositionFormat format)
    {
        _output.Clear();
        foreach (var target in _targets)
            _merger.Add(target, Case.Page);
        _merger.WriteTo(_output, format, NameEscaping.Underscores);
        _merger.Reset();
        return _output.Written;
    }
}
