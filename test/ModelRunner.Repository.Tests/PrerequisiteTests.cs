using System.Diagnostics;
using System.Text.RegularExpressions;
using ModelRunner.Testing;
using Xunit.Sdk;

namespace ModelRunner.Repository.Tests;

/// <summary>A test that cannot run is never taken for one that passed.</summary>
public sealed class PrerequisiteTests
{
    private const string Place = "test/ModelRunner.Testing/Prerequisite.cs";

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("false", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void CI_tells_whether_all_tests_must_run(string? variable, bool isComplete) =>
        Assert.Equal(isComplete, Prerequisite.IsCompleteRun(variable));

    [Fact]
    public void What_is_missing_fails_a_complete_run_and_skips_a_test_of_another()
    {
        Exception? failure = Thrown(isComplete: true);
        Exception? skip = Thrown(isComplete: false);

        Assert.IsType<FailException>(failure);
        Assert.StartsWith("There is no such tool. ", failure.Message, StringComparison.Ordinal);
        Assert.Equal("SkipException", skip?.GetType().Name);
    }

    [Fact]
    public void Tests_are_skipped_and_CI_is_looked_at_in_one_place() => Assert.Equal([Place], RepositoryTree.Sources
        .Where(static file => file.Path.StartsWith("test/", StringComparison.Ordinal) && file.Path != "test/ModelRunner.Repository.Tests/PrerequisiteTests.cs")
        .Where(static file => Regex.IsMatch(
            file.Text, "Assert\\.Skip|\"CI\"|Skip(When|Unless)? = |Explicit = true", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5)))
        .Select(static file => file.Path));

    [Theory]
    [InlineData("true", 3, 0, 1, "tests: 3 passed, 1 failed, 0 skipped", false)]
    [InlineData("true", 3, 2, 1, "tests: 3 passed, 3 failed, 0 skipped", false)]
    [InlineData("true", 3, 0, 0, "tests: 3 passed, 0 failed, 0 skipped", true)]
    [InlineData("", 3, 0, 1, "tests: 3 passed, 0 failed, 1 skipped", true)]
    [InlineData("", 3, 1, 0, "tests: 3 passed, 1 failed, 0 skipped", false)]
    [InlineData("", 0, 0, 1, "tests: 0 passed, 0 failed, 1 skipped", false)]
    public async Task The_sum_counts_a_skipped_test_as_failed_where_all_tests_must_run(
        string variable, int passed, int failed, int skipped, string last, bool isGood)
    {
        var start = new ProcessStartInfo(Path.Join(RepositoryTree.Root, "eng/conclude.sh"), [$"{passed}", $"{failed}", $"{skipped}"])
        {
            RedirectStandardOutput = true, UseShellExecute = false,
        };
        start.Environment["CI"] = variable;
        using Process script = Process.Start(start)!;
        string output = await script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await script.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(last, output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(isGood, script.ExitCode == 0);
        Assert.EndsWith("\neng/conclude.sh \"$passed\" \"$failed\" \"$skipped\"\n", RepositoryTree.Get("eng/test.sh").Text, StringComparison.Ordinal);
    }

    // Assert's own recording of exceptions would skip this test.
    private static Exception? Thrown(bool isComplete)
    {
        try
        {
            Prerequisite.Missing("There is no such tool.", isComplete);
        }
        catch (Exception thrown)
        {
            return thrown;
        }

        return null;
    }
}
