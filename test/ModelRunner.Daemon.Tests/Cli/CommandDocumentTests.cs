using System.Text.RegularExpressions;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>Compares <c>docs/cli.md</c> with the commands of the program.</summary>
public sealed partial class CommandDocumentTests
{
    [Fact]
    public async Task The_table_has_a_row_for_each_command_and_no_other()
    {
        await using FakeDaemon daemon = FakeDaemon.NotStarted();
        string help = (await daemon.RunAsync(["help"])).Out;
        string document = await File.ReadAllTextAsync(Path.Join(Repository.Root, "docs", "cli.md"), TestContext.Current.CancellationToken);

        IEnumerable<string> commands = NamesOf(ListedCommand().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]));

        Assert.Contains("serve", commands);

        // The text before the table describes "serve".
        DocumentRows.AssertEqual(commands.Where(static command => command != "serve"), NamesOf(DescribedCommand().Matches(document)));
    }

    private static IEnumerable<string> NamesOf(MatchCollection matches) =>
        matches.Select(static match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    [GeneratedRegex("^  (list, )?(?<name>[a-z]+) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ListedCommand();

    [GeneratedRegex("^\\| `model-runner (?<name>[a-z]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex DescribedCommand();
}
