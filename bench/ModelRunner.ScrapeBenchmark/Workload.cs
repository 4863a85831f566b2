using ModelRunner.ScrapeBenchmark.Pages;

namespace ModelRunner.ScrapeBenchmark;

/// <summary>A number of runners that all send the same page, and the form in which the daemon sends its own.</summary>
/// <param name="Runners">The number of runners.</param>
/// <param name="Page">The page that each of them sends.</param>
/// <param name="Form">What the scraper asks the daemon for.</param>
internal sealed record Workload(int Runners, SamplePage Page, PageForm Form)
{
    public Workload(int runners, SamplePage page)
        : this(runners, page, PageForm.Text)
    {
    }

    /// <summary>From few small pages to few that are far too large.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new(10, SamplePage.Llama), new(100, SamplePage.Llama), new(1000, SamplePage.Llama), new(10, SamplePage.Vllm),
        new(10, SamplePage.Vllm, PageForm.OpenMetricsGzip), new(100, SamplePage.Vllm), new(100, SamplePage.Vllm, PageForm.OpenMetricsGzip),
        new(1, SamplePage.Huge), new(8, SamplePage.Huge),
    ];

    /// <summary>The bytes of all runners.</summary>
    public long Bytes => (long)Runners * Page.Bytes.Length;

    public override string ToString() => $"{Runners} × {Page.Title}{(Form == PageForm.Text ? "" : $" ({Form.Title})")}";
}
