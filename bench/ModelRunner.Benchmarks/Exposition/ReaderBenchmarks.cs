using BenchmarkDotNet.Attributes;
using ModelRunner.Exposition;

namespace ModelRunner.Benchmarks.Exposition;

/// <summary>The pull reader over a page, entry by entry, with the value of every sample parsed.</summary>
[MemoryDiagnoser]
public class ReaderBenchmarks
{
    [ParamsSource(nameof(Cases))]
    public PageCase Case { get; set; } = PageCase.Llama(1);

    public static IEnumerable<PageCase> Cases => [PageCase.Llama(1), PageCase.Vllm(1), PageCase.Huge(1)];

    [Benchmark]
    public int Entries()
    {
        var reader = new ExpositionReader(Case.Page, ExpositionFormat.Text004);
        var entries = 0;
        while (reader.Read())
            entries++;
        return entries;
    }

    [Benchmark]
    public double Values()
    {
        var reader = new ExpositionReader(Case.Page, ExpositionFormat.Text004);
        double sum = 0;
        while (reader.Read())
        {
            if (reader.Kind == ExpositionEntryKind.Sample)
                sum += reader.Value;
        }

        return sum;
    }
}
