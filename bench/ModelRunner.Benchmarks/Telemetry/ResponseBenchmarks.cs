using BenchmarkDotNet.Attributes;
using ModelRunner.Telemetry;

namespace ModelRunner.Benchmarks.Telemetry;

/// <summary>The reader of responses, with the creation of the reader.</summary>
[MemoryDiagnoser]
public class ResponseBenchmarks
{
    [ParamsSource(nameof(Cases))]
    public ResponseCase Case { get; set; } = ResponseCase.Stream();

    public static IEnumerable<ResponseCase> Cases => [ResponseCase.Stream(), ResponseCase.Document(), ResponseCase.Embedding()];

    [Benchmark]
    public long Figures()
    {
        var reader = new ResponseReader(Case.Format);
        foreach (var part in Case.Parts)
            reader.Read(part);
        reader.Complete();
        return reader.Figures.GeneratedTokens;
    }
}
