using ModelRunner.Benchmarks.Exposition;

namespace ModelRunner.ScrapeBenchmark.Pages;

/// <summary>The page of one runner.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Bytes">The page.</param>
internal sealed record SamplePage(string Name, string Title, byte[] Bytes)
{
    public static SamplePage Llama { get; } = new("llama", "llama-server", SyntheticPages.Llama());

    public static SamplePage Vllm { get; } = new("vllm", "vLLM", SyntheticPages.Vllm());

    public static SamplePage Huge { get; } = new("huge", "100,000 samples", SyntheticPages.Huge(100_000));

    /// <summary>All pages of the command line.</summary>
    public static IReadOnlyList<SamplePage> All { get; } = [Llama, Vllm, Huge];

    /// <summary>The number of its samples.</summary>
    public int Samples { get; } = CountSamples(Bytes);

    private static int CountSamples(ReadOnlySpan<byte> page)
    {
        int samples = 0;
        foreach (Range line in page.Split((byte)'\n'))
            samples += page[line] is [not (byte)'#', ..] ? 1 : 0;
        return samples;
    }
}
