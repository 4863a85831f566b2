namespace ModelRunner.Benchmarks.Exposition;

/// <summary>Several sources that all send the same page.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Sources">The number of sources.</param>
/// <param name="Page">The page that each of them sends.</param>
public sealed record PageCase(string Name, int Sources, byte[] Page) : ISizedCase
{
    /// <summary>The bytes of all sources.</summary>
    public long TotalBytes => (long)Sources * Page.Length;

    public static PageCase Llama(int sources) => new("llama-server", sources, SyntheticPages.Llama());

    public static PageCase Vllm(int sources) => new("vLLM", sources, SyntheticPages.Vllm());

    public static PageCase Huge(int sources) => new("100k samples", sources, SyntheticPages.Huge(100_000));

    public override string ToString() => $"{Sources} {Name}";
}
