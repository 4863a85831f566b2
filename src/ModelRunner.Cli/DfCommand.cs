using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

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
            Console.Write(TextTable.Draw(["TYPE", "SIZE"], Rows.Select(row => (string[])[row.Name, FormatSize(usage.RootElement.Integer(row.Member) ?? 0)])));
        if (usage.RootElement.IsTrue("incomplete"))
            Console.WriteError("warning: not all files could be counted, because there are too many, they may not be read, or the disk is slow");
        return ExitCode.Success;
    }

    // Decimal units, as "ls" shows them.
    private static string FormatSize(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.00} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.00} kB"),
    };
}
