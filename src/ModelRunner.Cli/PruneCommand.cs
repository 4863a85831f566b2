using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary><c>model-runner prune</c>: removes what the model store does not need, and pulled models that were not used.</summary>
internal sealed class PruneCommand : ClientCommand
{
    private const int MaxShown = 80;

    private readonly Option<string> _keepUnder = new("--keep-under")
    {
        Description = "Remove the least recently used models until the pulled ones occupy at most this, for example 200GB", HelpName = "SIZE",
    };

    private readonly Option<string> _unusedFor = new("--unused-for")
    {
        Description = "Remove models that were not used for this time, for example 30d", HelpName = "DURATION",
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Only show what would be removed" };

    public PruneCommand(CliContext context)
        : base("prune", "Remove unused files of the model store", context)
    {
        Add(_keepUnder);
        Add(_unusedFor);
        Add(_dryRun);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using JsonDocument pruned = await client.PostJsonAsync(PathOf(result), ReadOnlyMemory<byte>.Empty, interrupt.Ended);
        if (IsJson(result))
        {
            Console.WriteLine(pruned.RootElement.GetRawText());
            return ExitCode.Success;
        }

        Show(pruned.RootElement);
        return ExitCode.Success;
    }

    private string PathOf(ParseResult result)
    {
        string path = $"models/prune?dryRun={(result.GetValue(_dryRun) ? "true" : "false")}";
        if (result.GetValue(_keepUnder) is { } size)
        {
            string shown = PlainText.EscapeAndCut(size, MaxShown);
            if (ByteSizeText.LacksUnit(size))
                throw new CliFailure($"--keep-under: \"{shown}\" has no unit; {ByteSizeText.WithUnits(shown)}", ExitCode.Usage);
            if (!ByteSizeText.TryParse(size, out _))
                throw new CliFailure($"--keep-under: \"{shown}\" is not a size, such as 200GB, or 0 to keep no model", ExitCode.Usage);
            path += $"&keepUnder={Uri.EscapeDataString(size)}";
        }

        return DurationFlag.CheckAge("--unused-for", result.GetValue(_unusedFor), "30d or 12h") is { } time
            ? $"{path}&unusedFor={Uri.EscapeDataString(time)}"
            : path;
    }

    private void Show(JsonElement pruned)
    {
        JsonElement[] removed = [.. pruned.Member("removed")?.Items() ?? []];
        JsonElement[] kept = [.. pruned.Member("kept")?.Items() ?? []];
        if (removed.Length > 0)
            Console.Write(TextTable.Draw(["KIND", "NAME", "SIZE", "WHY"], removed.Select(ToRow)));
        if (kept.Length > 0)
        {
            Console.WriteLine("Kept:");
            Console.Write(TextTable.Draw(["KIND", "NAME", "SIZE", "WHY"], kept.Select(ToRow)));
        }

        string freed = FileSizeText.Format(pruned.Integer("freed_bytes") ?? 0);
        Console.WriteLine(
            removed.Length == 0 ? "There is nothing to remove." : pruned.IsTrue("dry_run") ? $"{freed} would become free." : $"{freed} became free.");
        if (pruned.Integer("over_limit_bytes") is > 0 and var over)
            Console.WriteError($"warning: the pulled models still occupy {FileSizeText.Format(over)} more than the limit");
    }

    // The name of a file is its digest, which nobody reads to its end.
    private static string[] ToRow(JsonElement item)
    {
        string name = item.Text("name");
        return
        [
            item.Text("kind"), item.Text("kind") == "model" || name.Length <= 12 ? name : name[..12],
            FileSizeText.Format(item.Integer("bytes") ?? 0), item.Text("reason"),
        ];
    }
}
