using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelRunner.Repository.Tests;

/// <summary>docs/reliability.md names proofs that exist.</summary>
public sealed class ReliabilityDocumentTests
{
    private const string Document = "docs/reliability.md";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly string[][] Rows = [.. RepositoryTree.Get(Document).Lines
        .SkipWhile(static line => line != "## The checks").Where(static line => Regex.IsMatch(line, "^\\| [0-9]+ \\|", RegexOptions.None, Patience))
        .Select(static line => line.Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray())];

    [Fact]
    public void Each_check_has_a_row_with_a_proof_and_a_figure()
    {
        Assert.Equal(
            Enumerable.Range(11, 33).Concat(Enumerable.Range(46, 6)), Rows.Select(static row => int.Parse(row[0], CultureInfo.InvariantCulture)));
        Assert.All(Rows, static row => Assert.True(row.Length == 4 && row.All(static cell => cell.Length > 0), row[0]));
    }

    [Fact]
    public void Each_class_in_the_table_is_one_of_the_tests()
    {
        string[] classes = [.. RepositoryTree.Paths.Where(static path => path.StartsWith("test/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal))
            .Select(static path => Path.GetFileNameWithoutExtension(path))];

        Assert.All(Rows, row =>
        {
            string[] named = [.. Names(row[2]).Where(static name => char.IsUpper(name[0]))];
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, classes));
        });
    }

    /// <summary>A document names a class of tests by its name, and a test by its name or the end of it.</summary>
    [Fact]
    public void Each_test_that_a_document_names_exists()
    {
        string sources = string.Concat(RepositoryTree.Sources.Where(static file => file.Path.StartsWith("test/", StringComparison.Ordinal)).Select(static file => file.Text));
        string[] classes = [.. Written("\\b(?<name>[A-Z][A-Za-z]+(Tests|Checks|Cases))\\b")];
        string[] tests = [.. Written("\\b(?<name>[A-Z][a-z0-9]*(_[A-Za-z0-9]+)*_[a-z]+(_[A-Za-z0-9]+)*)\\b")];

        Assert.NotEmpty(classes);
        Assert.NotEmpty(tests);
        Assert.All(classes, name => Assert.Contains($" class {name}", sources, StringComparison.Ordinal));
        Assert.All(tests, name => Assert.Contains($"{name}(", sources, StringComparison.Ordinal));

        static IEnumerable<string> Written(string pattern) => RepositoryTree.Documents
            .SelectMany(file => Regex.Matches(file.Text, pattern, RegexOptions.ExplicitCapture, Patience))
            .Select(static match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal);
    }

    [Fact]
    public void A_class_of_checks_has_a_test_with_the_number_of_each_row_that_names_it() => Assert.All(Rows, static row =>
    {
        foreach (string name in Names(row[2]).Where(static name => name.EndsWith("Checks", StringComparison.Ordinal)))
            Assert.Matches($" Check_([0-9]{{2}}_and_)?{row[0]}_", RepositoryTree.Sources.Single(file => Path.GetFileName(file.Path) == $"{name}.cs").Text);
    });

    [Fact]
    public void Each_test_of_a_check_is_in_the_row_of_its_check()
    {
        (string Class, string Check)[] tests = [.. RepositoryTree.Sources.Where(static file => file.Path.StartsWith("test/", StringComparison.Ordinal))
            .SelectMany(static file => Regex.Matches(file.Text, " Check_(?<check>[0-9]{2})(_and_(?<check>[0-9]{2}))?_[A-Za-z0-9_]+\\(", RegexOptions.ExplicitCapture, Patience)
                .SelectMany(static match => match.Groups["check"].Captures)
                .Select(capture => (Path.GetFileNameWithoutExtension(file.Path), capture.Value)))];

        Assert.NotEmpty(tests);
        Assert.All(tests, static test => Assert.Contains(test.Class, Names(Assert.Single(Rows, row => row[0] == test.Check)[2])));
    }

    [Fact]
    public void The_commands_in_the_table_exist()
    {
        string commands = RepositoryTree.Get("bench/ModelRunner.Reliability/ReliabilityCommand.cs").Text;
        foreach (string command in (string[])["soak", "chaos"])
        {
            Assert.Contains($"new Command(\"{command}\"", commands, StringComparison.Ordinal);
            Assert.Contains(Rows, row => Names(row[2]).Contains(command, StringComparer.Ordinal));
        }
    }

    private static IEnumerable<string> Names(string cell) => Regex.Matches(cell, "`(?<name>[A-Za-z]+)`", RegexOptions.ExplicitCapture, Patience)
        .Select(static match => match.Groups["name"].Value);
}
