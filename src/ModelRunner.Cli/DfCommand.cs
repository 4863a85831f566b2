using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner df</c>: shows what the daemon's files occupy on disk.</summary>
internal sealed class DfCommand(CliContext context) : ClientCommand("df", "Show what models, engine, state and logs occupy on disk", context)
{
    private static readonly (string Name, string Member)[] Rows =
    [
        ("Models", "models_disk_usage"), ("Inference engine", "default_backend_disk_usage"), ("State", "state_disk_usage"), ("Logs", "logs_disk_usage"),
    ];

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using JsonDocument usage = await client.GetJsonAsync("engines/df", JsonValueKind.Object, interrupt.Ended);
        if (IsJson(result))
            Console.WriteLine(usage.RootElement.GetRawText());
        else
            Console.Write(TextTable.Draw(["TYPE", "SIZE"], Rows.Select(row => new[] { row.Name, SizeOf(usage.RootElement, row.Member) })));
        if (usage.RootElement.IsTrue("incomplete"))
            Console.WriteError("warning: not all files could be counted, because there are too many, they may not be read, or the disk is slow");
        return ExitCode.Success;
    }

    private static string SizeOf(JsonElement usage, string member) => ByteSizeText.FormatDecimal(usage.Integer(member) ?? 0);
}
