using ModelRunner.Repository.Tests.Rules;

namespace ModelRunner.Repository.Tests;

/// <summary>Files that a reader takes in at once.</summary>
public sealed class ShapeTests
{
    /// <summary>Files that may be long, with the reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = new(StringComparer.Ordinal);

    /// <summary>Files with lines that may be wide, with the reason.</summary>
    private static readonly Dictionary<string, string> WideFiles = new(StringComparer.Ordinal)
    {
        ["src/ModelRunner.Scheduling/Refusals.cs"] = "Each sentence for users stands whole, so that a search finds it.",
    };

    /// <summary>Methods that may be long, with the reason.</summary>
    private static readonly Dictionary<string, string> LongMethods = new(StringComparer.Ordinal);

    [Fact]
    public void No_file_is_longer_than_400_lines_but_those_named() => Assert.Equal(
        LongFiles.Keys, RepositoryTree.Sources.Where(SourceShape.IsLong).Select(static file => file.Path));

    [Fact]
    public void No_method_is_longer_than_70_lines_but_those_named() => Assert.Equal(
        LongMethods.Keys.Order(StringComparer.Ordinal), RepositoryTree.Sources.SelectMany(SourceShape.LongMethods).Order(StringComparer.Ordinal));

    [Fact]
    public void No_line_of_the_product_is_wider_than_160_characters_but_those_named() => Assert.Equal(
        WideFiles.Keys, RepositoryTree.Sources
            .Where(static file => file.Path.StartsWith("src/", StringComparison.Ordinal) && SourceShape.WideLines(file).Any())
            .Select(static file => file.Path));

    [Fact]
    public void Methods_of_the_product_that_return_a_task_end_in_Async() => Assert.Empty(RepositoryTree.Sources
        .Where(static file => file.Path.StartsWith("src/", StringComparison.Ordinal)).SelectMany(SourceShape.UnmarkedTasks));

    [Fact]
    public void A_file_holds_one_type() => Assert.Empty(RepositoryTree.Sources
        .Where(static file => SourceShape.TopLevelTypes(file).Count > 1)
        .Select(static file => $"{file.Path}: {string.Join(", ", SourceShape.TopLevelTypes(file))}"));

    [Theory]
    [InlineData("src/")]
    [InlineData("test/")]
    public void The_median_file_is_short(string folder)
    {
        int median = SourceShape.Median(RepositoryTree.Sources.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal)));

        Assert.True(median < SourceShape.MedianFileLines, $"{median} lines");
    }

    [Fact]
    public void Nothing_is_left_for_later_and_no_path_of_one_machine_is_told()
    {
        string home = Leftovers.HomeOf(RepositoryTree.Root);

        Assert.Empty(RepositoryTree.Texts.SelectMany(file => Leftovers.Check(file, home)));
    }
}
