using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner usage</c>: shows requests and tokens, also of daemons that ended.</summary>
internal sealed class UsageCommand : ClientCommand
{
    private static readonly (string Header, string Member)[] Numbers =
    [
        ("REQUESTS", "requests"), ("COMPLETED", "completed"), ("PROMPT", "prompt_tokens"), ("CACHED", "cached_tokens"),
        ("GENERATED", "generated_tokens"), ("UNCONFIRMED", "unconfirmed_tokens"),
    ];

    private readonly Option<string> _since = new("--since")
    {
        Description = "Show only this time until now, from the beginning of its first hour, for example 24h or 7d", HelpName = "DURATION",
    };

    private readonly Option<string> _by = new("--by") { Description = "Show a row for each model, mode, key, day or hour", HelpName = "GROUP" };

    private readonly Option<bool> _csv = new("--csv") { Description = "Write comma-separated values" };

    public UsageCommand(CliContext context)
        : base("usage", "Show requests and tokens", context)
    {
        Add(_since);
        Add(_by);
        Add(_csv);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        if (IsJson(result) && result.GetValue(_csv))
            throw new CliFailure("--csv and --json cannot be used together: choose one", ExitCode.Usage);
        using JsonDocument usage = await client.GetJsonAsync(PathOf(result), JsonValueKind.Object, interrupt.Ended);
        JsonElement[] rows = RowsOf(usage.RootElement);
        if (IsJson(result))
            Console.WriteLine(usage.RootElement.GetRawText());
        else if (result.GetValue(_csv))
            Console.Write(Separate(usage.RootElement.Text("by"), rows));
        else
            Console.Write(Draw(usage.RootElement.Text("by"), rows));
        if (usage.RootElement.Member("not_stored") is { } unstored)
            WarnOf(unstored);
        return ExitCode.Success;
    }

    private static JsonElement[] RowsOf(JsonElement report) => [.. (report.Member("rows") ?? default).Items()];

    // The table and the values have them too.
    private void WarnOf(JsonElement unstored)
    {
        string count = SumOf(RowsOf(unstored), "requests").ToString(CultureInfo.InvariantCulture);
        Console.WriteError(
            $"warning: the ledger cannot be written: {unstored.Text("cause")}; requests that are included and not stored yet: {count}");
    }

    private string PathOf(ParseResult result)
    {
        string by = result.GetValue(_by) ?? "model";
        if (by is not ("model" or "mode" or "key" or "day" or "hour"))
            throw new CliFailure($"--by: \"{by}\" is not model, mode, key, day or hour", ExitCode.Usage);
        return DurationFlag.CheckAge("--since", result.GetValue(_since), "24h or 7d") is { } since
            ? $"usage?by={by}&since={Uri.EscapeDataString(since)}"
            : $"usage?by={by}";
    }

    private static string Draw(string by, JsonElement[] rows)
    {
        (string Header, string Member)[] numbers = [.. Numbers.Where(number => number.Header != "UNCONFIRMED" || SumOf(rows, number.Member) > 0)];
        bool hasBackend = by == "model";
        IEnumerable<string> sums = numbers.Select(number => SumOf(rows, number.Member).ToString(CultureInfo.InvariantCulture));
        string[] total = hasBackend ? ["total", "", .. sums] : ["total", .. sums];
        IEnumerable<string> headers = numbers.Select(static number => number.Header);
        return TextTable.Draw(
            hasBackend ? ["MODEL", "BACKEND", .. headers] : [by.ToUpperInvariant(), .. headers],
            rows.Select(row =>
            {
                IEnumerable<string> cells = numbers.Select(number => row.Text(number.Member));
                return (string[])(hasBackend ? [NameOf(row, by), row.Text("backend"), .. cells] : [NameOf(row, by), .. cells]);
            }).Append(total),
            [.. headers]);
    }

    // Requests of models that do not exist have no name.
    private static string NameOf(JsonElement row, string by) => row.Text(by) is { Length: > 0 } name ? name : "(none)";

    private static long SumOf(JsonElement[] rows, string member) => rows.Sum(row => row.Integer(member) ?? 0);

    private static string Separate(string by, JsonElement[] rows)
    {
        string[] names = [.. by == "model" ? (string[])["backend"] : [], by, .. Numbers.Select(static number => number.Member), "duration_seconds"];
        var text = new StringBuilder(string.Join(',', names)).Append('\n');
        foreach (JsonElement row in rows)
            text.AppendJoin(',', names.Select(name => Quote(row.Text(name)))).Append('\n');
        return text.ToString();
    }

    // RFC 4180.
    private static string Quote(string value) =>
        value.AsSpan().IndexOfAny(",\"\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
