using System.Text;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Golden;

/// <summary>
/// Whole pages for people to look at. Each folder below <c>Golden/pages</c> holds what runners send (<c>a.prom</c>, <c>b.prom</c>, …; the name is
/// the model; <c>own.prom</c> is what the page says of itself) and the page that comes of it: <c>expected.prom</c> and <c>expected.om</c>.
/// </summary>
/// <remarks>Set <c>UPDATE_GOLDEN=1</c> to write the expected pages anew, and look at the difference before you commit it.</remarks>
public sealed class GoldenPageTests
{
    private static readonly string Root = Path.Combine(RepositoryRoot.Path, "test", "ModelRunner.Exposition.Tests", "Golden", "pages");

    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Root).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void The_page_is_as_expected(string folder)
    {
        var page = Merge(Path.Combine(Root, folder));

        TextPageValidator.Read(page.Text);
        OpenMetricsValidator.Read(page.OpenMetrics);
        Compare(Path.Combine(Root, folder, "expected.prom"), page.Text);
        Compare(Path.Combine(Root, folder, "expected.om"), page.OpenMetrics);
    }

    private static MergedPages Merge(string folder)
    {
        var page = new MergedPages();
        var own = Path.Combine(folder, "own.prom");
        if (File.Exists(own))
            page.AddOwn(File.ReadAllText(own));
        foreach (var file in Directory.GetFiles(folder, "?.prom").Order(StringComparer.Ordinal))
            page.Add(File.ReadAllBytes(file), model: Path.GetFileNameWithoutExtension(file));
        return page;
    }

    private static void Compare(string file, byte[] actual)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
            File.WriteAllBytes(file, actual);
        Assert.True(File.Exists(file), $"{file} is missing: run with UPDATE_GOLDEN=1 to write it.");
        Assert.Equal(File.ReadAllText(file), Encoding.UTF8.GetString(actual));
    }
}
