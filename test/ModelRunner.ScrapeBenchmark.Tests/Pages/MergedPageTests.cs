using System.Text;
using ModelRunner.ScrapeBenchmark.Pages;

namespace ModelRunner.ScrapeBenchmark.Tests.Pages;

public sealed class MergedPageTests
{
    private static readonly Workload TwoRunners = new(2, new SamplePage("small", "small", "# TYPE a gauge\na 1\nb{c=\"d\"} 2\n"u8.ToArray()));

    private const string Right = """
        # TYPE a gauge
        a{backend="llama.cpp",model="ai/sample-0000:7B-Q4_K_M",mode="completion"} 1
        a{backend="llama.cpp",model="ai/sample-0001:7B-Q4_K_M",mode="completion"} 1
        b{backend="llama.cpp",model="ai/sample-0000:7B-Q4_K_M",mode="completion",c="d"} 2
        b{backend="llama.cpp",model="ai/sample-0001:7B-Q4_K_M",mode="completion",c="d"} 2
        model_runner_up{backend="llama.cpp",model="ai/sample-0000:7B-Q4_K_M",mode="completion"} 1
        model_runner_up{backend="llama.cpp",model="ai/sample-0001:7B-Q4_K_M",mode="completion"} 1
        model_runner_scrapes_total 7

        """;

    [Fact]
    public void A_page_with_every_sample_of_every_runner_is_right() => Assert.Null(FindFault(Right));

    [Theory]
    [InlineData(1, "ai/sample-0000:7B-Q4_K_M has 1 samples there, and 2 on its own page")]
    [InlineData(4, "ai/sample-0001:7B-Q4_K_M has 1 samples there, and 2 on its own page")]
    [InlineData(5, "1 of 2 runners are up")]
    public void A_line_that_is_missing_is_found(int line, string fault) =>
        Assert.Equal(fault, FindFault(string.Join('\n', Right.Split('\n').Where((_, index) => index != line))));

    [Fact]
    public void A_sample_that_stands_twice_is_found() =>
        Assert.Contains("ai/sample-0000:7B-Q4_K_M has 3 samples", FindFault(Right + Right.Split('\n')[1] + "\n"), StringComparison.Ordinal);

    [Fact]
    public void A_runner_that_is_not_up_is_found() =>
        Assert.Equal("1 of 2 runners are up", FindFault(Right.Replace("completion\"} 1\nmodel_runner_scrapes", "completion\"} 0\nmodel_runner_scrapes", StringComparison.Ordinal)));

    [Theory]
    [InlineData("a 1")]
    [InlineData("a{model=\"ai/sample-0002:7B-Q4_K_M\"} 1")]
    public void A_sample_of_nobody_is_found(string line) => Assert.Equal($"\"{line}\" is of no runner", FindFault(Right + line + "\n"));

    [Theory]
    [InlineData("llama", 12)]
    [InlineData("vllm", 520)]
    [InlineData("huge", 100_000)]
    public void The_pages_have_the_samples_that_their_tables_tell(string name, int samples) =>
        Assert.Equal(samples, SamplePage.All.Single(page => page.Name == name).Samples);

    private static string? FindFault(string page) => MergedPage.FindFault(Encoding.UTF8.GetBytes(page), TwoRunners);
}
