using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Telemetry;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary><c>docs/metrics.md</c> lists exactly the families of the daemon and the values of its closed lists.</summary>
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
            Enum.GetValues<StopReason>().Select(static reason => reason.ToLabelValue()).Order(StringComparer.Ordinal),
            FirstColumn("Why a runner stopped").Order(StringComparer.Ordinal));
        Assert.Equal(
            ExpositionErrorReasons.All.Select(static reason => reason.ToLabelValue())
                .Concat(MergeConflicts.All.Select(static conflict => conflict.ToLabelValue())).Order(StringComparer.Ordinal),
            FirstColumn("Why a line is dropped").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_outcome_every_refusal_every_type_of_tokens_and_every_source_is_explained() => Assert.Equal(
        Enum.GetValues<RequestOutcome>().Select(static outcome => outcome.ToLabelValue()).Concat(RefusalCodes.All)
            .Concat(Enum.GetValues<TokenType>().Select(static type => type.ToLabelValue()))
            .Concat(Enum.GetValues<FigureSource>().Select(static source => source.ToLabelValue())),
        FirstColumn("Requests and tokens"));

    [Fact]
    public void Every_class_of_a_crash_is_explained_with_the_reasons_that_have_it()
    {
        Assert.Equal(
            Enum.GetValues<CrashClass>().Select(static crash => crash.ToLabelValue()), FirstColumn("What ended a runner that crashed"));
        foreach (StopReason reason in Enum.GetValues<StopReason>().Where(static reason => !reason.IsRequested()))
        {
            string row = Rows("What ended a runner that crashed").Single(row => row.StartsWith($"| `{CrashClasses.Of(reason)!.Value.ToLabelValue()}`", StringComparison.Ordinal));
            Assert.Contains($"`{reason.ToLabelValue()}`", row.Split('|')[3], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_result_of_a_load_is_explained() => Assert.Equal(
        Enum.GetValues<LoadResult>().Select(static result => result.ToLabelValue()), FirstColumn("Loads of models"));

    [Fact]
    public void The_table_has_a_row_for_each_family_with_its_type_and_labels() =>
        DocumentRows.AssertEqual(
            MetricFamilies.All.Select(RowOf), Rows("The daemon's families").Select(static row => row[..(row.LastIndexOf('|', row.Length - 2) + 1)]));

    [Fact]
    public void Names_are_unique_and_have_the_prefix_that_runners_cannot_use()
    {
        Assert.Equal(MetricFamilies.All.Count, MetricFamilies.All.Select(static family => family.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(MetricFamilies.All, static family => Assert.StartsWith(MetricFamilies.Prefix, family.Name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_has_each_family_of_the_catalogue()
    {
        // Unconfirmed tokens need a daemon that was killed, the offload ratio and graphics memory a graphics card, and truncated responses an engine that leaves something out, and slots and saved contexts the real llama-server, progress a load that lasts, refusals a short queue, crashes a runner that crashes, and stalls one that hangs. One stream is complete, one runner stops, one lives, one scrape fails and one drops a line, so that the last page shows the counters of all.
        using HttpResponseMessage stream = await bed.Daemon.SendAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"stream":true}""", HttpCompletionOption.ResponseContentRead,
            TestContext.Current.CancellationToken);
        await AccountedPage.ReadAsync(bed.Daemon);
        await bed.Daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""");
        await bed.Daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""");
        await bed.PageAsync(RawRunner.Page("", status: "500 Internal Server Error"));
        await bed.PageWithAsync("x 1\ny\n");
        string failed = await bed.PageAsync(RawRunner.Page("", status: "500 Internal Server Error"));

        IEnumerable<string> begun = failed.Split('\n').Where(static line => line.StartsWith("# TYPE model_runner_", StringComparison.Ordinal));
        Assert.Equal(
            MetricFamilies.All.Except([MetricFamilies.SharedEndpoint, MetricFamilies.TokensUnconfirmed, MetricFamilies.OffloadRatio, MetricFamilies.GraphicsMemory, MetricFamilies.CardTotalMemory, MetricFamilies.CardUsedMemory, MetricFamilies.Truncated, MetricFamilies.SlotsBusy, MetricFamilies.ContextUsed, MetricFamilies.LoadProgress, MetricFamilies.RequestsRefused, MetricFamilies.CertificateExpiry, MetricFamilies.Crashes, MetricFamilies.Stalls, MetricFamilies.SlotRestores, MetricFamilies.SlotSaves, MetricFamilies.PrefillSaved]).Select(TypeLineOf).Order(StringComparer.Ordinal),
            begun.Order(StringComparer.Ordinal));
    }

    private static string RowOf(MetricFamily family)
    {
        IEnumerable<string> labels = family.Labels.Select(static label => $"`{label}`");
        string shown = string.Join(", ", family.IsPerRunner ? labels.Prepend("*runner*") : family.IsPerModel ? labels.Prepend("*model*") : labels);
        return $"| `{family.Name}` | {TypeNameOf(family)} | {shown}{(shown.Length > 0 ? " " : "")}|";
    }

    private static string TypeLineOf(MetricFamily family) => $"# TYPE {family.Name} {TypeNameOf(family)}";

    private static string TypeNameOf(MetricFamily family) => family.Type.ToString().ToLowerInvariant();

    private static IEnumerable<string> FirstColumn(string section) => Rows(section).Select(static row => row.Split('`')[1]);

    private static IEnumerable<string> Rows(string section) => Lines
        .SkipWhile(line => line != $"## {section}").Skip(1)
        .TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal) && !line.Contains("Meaning", StringComparison.Ordinal));
}
