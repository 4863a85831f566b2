using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary><c>model-runner df</c>: shows what the daemon's files and each model occupy on disk.</summary>
internal sealed class DfCommand : ClientCommand
{
    /// <summary>More models are shown only if that is asked for.</summary>
    private const int MaxModels = 20;

    private static readonly (string Name, string Member)[] Rows =
    [
        ("Models", "models_disk_usage"), ("Inference engine", "default_backend_disk_usage"), ("State", "state_disk_usage"), ("Logs", "logs_disk_usage"),
    ];

    private static readonly (string Name, string Member)[] Leftovers =
    [
        ("Partial files", "partial_files"), ("Unreferenced files", "unreferenced_files"), ("Damaged files", "damaged_files"),
    ];

    private readonly Option<bool> _models = new("--models") { Description = "Show each model, also if there are many" };

    public DfCommand(CliContext context)
        : base("df", "Show what models, engine, state and logs occupy on disk", context) => Add(_models);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using JsonDocument usage = await client.GetJsonAsync("engines/df", JsonValueKind.Object, interrupt.Ended);
        if (IsJson(result))
            Console.WriteLine(usage.RootElement.GetRawText());
        else
            Show(usage.RootElement, result.GetValue(_models));
        if (usage.RootElement.IsTrue("incomplete"))
            Console.WriteError("warning: not all files could be counted, because there are too many, they may not be read, or the disk is slow");
        return ExitCode.Success;
    }

    private void Show(JsonElement usage, bool showsAll)
    {
        Console.Write(TextTable.Draw(
            ["TYPE", "SIZE"],
            Rows.Select(row => new[] { row.Name, SizeOf(usage, row.Member) }).Concat(Leftovers
                .Where(row => usage.Member(row.Member)?.Integer("count") > 0)
                .Select(row => new[] { row.Name, SizeOf(usage.Member(row.Member)!.Value, "bytes") }))));
        JsonElement[] models = [.. usage.Member("models")?.Items() ?? []];
        if (models.Length == 0)
            return;
        Console.WriteLine("");
        if (models.Length > MaxModels && !showsAll)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{models.Length} models; --models shows them"));
            return;
        }

        IEnumerable<string[]> rows = models.OrderByDescending(static model => model.Integer("bytes") ?? 0).Select(ToRow);
        Console.Write(TextTable.Draw(
            ["MODEL", "SIZE", "SHARED", "LAST USED", "ORIGIN"], rows.Append(["All, each file once", SizeOf(usage, "all_models_bytes"), "", "", ""])));
    }

    private static string[] ToRow(JsonElement model) =>
    [
        model.Text("name"), SizeOf(model, "bytes"), model.Integer("shared_bytes") > 0 ? SizeOf(model, "shared_bytes") : "",
        model.IsTrue("loaded") ? Now(model) : LastUsed(model.Text("last_used")), string.Join(", ", model.Member("origins")?.Items() ?? []),
    ];

    private static string Now(JsonElement model)
    {
        string drafting = string.Join(", ", model.Member("draft_of")?.Items() ?? []);
        return drafting.Length == 0 ? "now" : $"now (draft model of {drafting})";
    }

    private static string LastUsed(string text) => text.Length == 0 ? "never" : text[..Math.Min(text.Length, "2026-11-27T23:00".Length)].Replace('T', ' ');

    private static string SizeOf(JsonElement usage, string member) => FileSizeText.Format(usage.Integer(member) ?? 0);
}
