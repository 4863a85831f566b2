using BenchmarkDotNet.Attributes;
using ModelRunner.Exposition;
using ModelRunner.Exposition.Reading.Kernels;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>Each kernel by itself over a page, and the whole merge with each kernel below it.</summary>
[MemoryDiagnoser]
public class KernelBenchmarks
{
    private readonly TargetLabels _target = new([new("model", "m")]);
    private FixedBuffer _output = new(0);
    private BlockMasks[] _masks = [];
    private ExpositionMerger _merger = new(new ExpositionLimits());

    /// <summary>The name of the kernel: a string, because the type is not public.</summary>
    [ParamsSource(nameof(Kernels))]
    public string Kernel { get; set; } = nameof(BlockKernel.Scalar);

    [ParamsSource(nameof(Cases))]
    public PageCase Case { get; set; } = PageCase.Vllm(1);

    public static IEnumerable<string> Kernels => BlockClassifier.Supported.Select(kernel => kernel.ToString());

    public static IEnumerable<PageCase> Cases => [PageCase.Vllm(1)];

    [GlobalSetup]
    public void Setup()
    {
        _masks = new BlockMasks[(Case.Page.Length / BlockMasks.Bytes) + 1];
        _output = new FixedBuffer(Case.Page.Length * 3);
        _merger = new ExpositionMerger(new ExpositionLimits(), Enum.Parse<BlockKernel>(Kernel));
    }

    [Benchmark]
    public int Masks() => BlockClassifier.Classify(Enum.Parse<BlockKernel>(Kernel), Case.Page, _masks);

    [Benchmark]
    public int Merge()
    {
        _output.Clear();
        _merger.Add(_target, Case.Page);
        _merger.WriteTo(_output, ExpositionFormat.Text004, NameEscaping.Underscores);
        _merger.Reset();
        return _output.Written;
    }
}
