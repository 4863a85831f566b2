using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.PublicCases;

/// <summary>
/// The fixture of all cases: runner A sends what a case says, runner B is healthy. Whatever A does, the page is valid in both formats and B's
/// series is on it.
/// </summary>
internal static class CaseFixture
{
    public const string Otter = "lab/otter:7b";
    public const string Finch = "lab/finch:embed";
    public const string HealthyBody = "# HELP rt:units_total Units done\n# TYPE rt:units_total counter\nrt:units_total 5\n";
    public const string HealthySeries = "rt:units_total{backend=\"llama.cpp\",model=\"lab/finch:embed\",mode=\"embedding\"} 5";
    public const string LabelsOfA = "backend=\"llama.cpp\",model=\"lab/otter:7b\",mode=\"completion\"";

    /// <summary>Merges A and B and checks what holds for every case.</summary>
    public static MergedPages WithHealthy(string body, string model = Otter) => WithHealthy(Encoding.UTF8.GetBytes(body), model);

    public static MergedPages WithHealthy(byte[] body, string model = Otter) => Check(new MergedPages().Add(body, model).Add(HealthyBody, Finch, "embedding"));

    /// <summary>Checks what holds for every case with a healthy B.</summary>
    public static MergedPages Check(MergedPages page)
    {
        TextPageValidator.Read(page.Text);
        OpenMetricsValidator.Read(page.OpenMetrics);
        Assert.Contains(HealthySeries, Lines(page));
        Assert.All(page.Summaries, summary => Assert.Equal(summary.SampleLines, summary.Samples + summary.DroppedSamples));
        return page;
    }

    public static string[] Lines(MergedPages page) => page.TextString.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>All sample lines but B's.</summary>
    public static string[] SamplesOfA(MergedPages page) => [.. Lines(page).Where(line => line[0] != '#' && line != HealthySeries)];

    /// <summary>All HELP and TYPE lines of a family.</summary>
    public static string[] HeadOf(MergedPages page, string family) =>
        [.. Lines(page).Where(line => line.StartsWith($"# HELP {family} ", StringComparison.Ordinal) || line.StartsWith($"# TYPE {family} ", StringComparison.Ordinal))];
}
