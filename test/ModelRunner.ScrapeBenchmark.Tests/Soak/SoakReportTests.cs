using ModelRunner.Reliability.Soak;

namespace ModelRunner.ScrapeBenchmark.Tests.Soak;

public sealed class SoakReportTests
{
    private static readonly SoakSample Good = new(TimeSpan.FromSeconds(10), ResidentBytes: 100 << 20, Descriptors: 43, Threads: 51, Children: 0, Zombies: 0);

    public static TheoryData<string, string[]> Samples => new()
    {
        { "", [] },
        { "children", ["Processes"] },
        { "zombies", ["Processes"] },
        { "files", ["Sizes"] },
        { "threads", ["Sizes"] },
        { "zombies and files", ["Processes", "Sizes"] },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void One_bad_rest_is_enough(string bad, string[] expected)
    {
        SoakSample sample = Good with
        {
            Children = bad.Contains("children", StringComparison.Ordinal) ? 1 : 0,
            Zombies = bad.Contains("zombies", StringComparison.Ordinal) ? 1 : 0,
            Descriptors = bad.Contains("files", StringComparison.Ordinal) ? 108 : 107,
            Threads = bad.Contains("threads", StringComparison.Ordinal) ? 84 : 83,
        };

        Assert.Equal(expected, SoakReport.FailuresOf([Good, sample, Good]).Select(static criterion => criterion.ToString()));
    }

    [Fact]
    public void Without_a_rest_nothing_is_proven() => Assert.Equal([SoakCriterion.Processes], SoakReport.FailuresOf([]));
}
