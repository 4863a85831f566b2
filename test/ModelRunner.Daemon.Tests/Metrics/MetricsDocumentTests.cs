using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary><c>docs/metrics.md</c> names every family of the daemon and every value of its closed lists, and nothing else.</summary>
public sealed class MetricsDocumentTests(CaseDaemon bed) : IClassFixture<CaseDaemon>
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Join(Repository.Root, "docs", "metrics.md"));

    [Fact]
    public void Every_reason_and_every_conflict_is_explained()
    {
        Assert.Equal(
            Enum.GetValues<ScrapeFailureReason>().Select(static reason => reason.ToLabelValue()).Order(StringComparer.Ordinal),
            FirstColumn("Why a runner is down").Order(StringComparer.Ordinal));
        Assert.Equal(
            ExpositionErrorReasons.All.Select(static reason => reason.ToLabelValue())
                .Concat(MergeConflicts.All.Select(static conflict => conflict.ToLabelValue())).Order(StringComparer.Ordinal),
            FirstColumn("Why a line is dropped").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_family_is_explained_and_is_there()
    {
        // One scrape that fails, one that drops a line, and one that shows what both cost.
        await bed.PageAsync(RawRunner.Page("", status: "500 Internal Server Error"));
        await bed.PageWithAsync("x 1\ny\n");
        string failed = await bed.PageAsync(RawRunner.Page("", status: "500 Internal Server Error"));

        string[] families = [.. failed.Split('\n').Where(static line => line.StartsWith("# TYPE model_runner_", StringComparison.Ordinal)).Select(static line => line.Split(' ')[2])];
        Assert.Equal(families.Append("model_runner_shared_endpoint").Order(StringComparer.Ordinal), FirstColumn("The daemon's families").Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> FirstColumn(string section) => Lines
        .SkipWhile(line => line != $"## {section}").Skip(1)
        .TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal) && !line.Contains("Meaning", StringComparison.Ordinal))
        .Select(static line => line.Split('`')[1]);
}
