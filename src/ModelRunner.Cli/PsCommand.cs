using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner ps</c>: lists the runners.</summary>
internal sealed class PsCommand : ClientCommand
{
    private const string Failure = "failure";

    private readonly Option<bool> _arguments = new("--arguments") { Description = "Show the arguments of each runner" };

    public PsCommand(CliContext context)
        : base("ps", "List the runners that are loaded", context) => Add(_arguments);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using JsonDocument runners = await client.GetJsonAsync("engines/ps", JsonValueKind.Array, interrupt.Ended);
        if (IsJson(result))
            Console.WriteLine(runners.RootElement.GetRawText());
        else
            Console.Write(Draw([.. runners.RootElement.Items()], result.GetValue(_arguments)));
        return ExitCode.Success;
    }

    private string Draw(JsonElement[] runners, bool hasArguments)
    {
        var columns = new List<(string Header, Func<JsonElement, string> Cell)>
        {
            ("MODEL", ModelOf),
            ("BACKEND", static runner => runner.Text("backend_name")),
            ("MODE", static runner => runner.Text("mode")),
            ("STATE", static runner => runner.IsTrue("outdated") ? $"{State(runner)}, outdated" : State(runner)),
            ("UNTIL", Until),
        };
        if (runners.Select(EngineOf).Distinct(StringComparer.Ordinal).Count() > 1)
            columns.Add(("ENGINE", EngineOf));
        if (runners.Any(static runner => ContextOf(runner).Length > 0))
            columns.Add(("CONTEXT", ContextOf));
        if (runners.Any(static runner => MemoryOf(runner).Length > 0))
            columns.Add(("MEMORY", MemoryOf));
        if (runners.Any(static runner => runner.Text(Failure).Length > 0))
            columns.Add(("LAST FAILURE", static runner => runner.Text(Failure)));
        if (runners.Any(static runner => ShortfallsOf(runner).Length > 0))
            columns.Add(("LESS THAN CONFIGURED", ShortfallsOf));
        if (runners.Any(static runner => runner.Text("outdated_reason").Length > 0))
            columns.Add(("OUTDATED BECAUSE", static runner => runner.Text("outdated_reason")));
        if (hasArguments)
            columns.Add(("ARGUMENTS", ArgumentsOf));
        return TextTable.Draw([.. columns.Select(static column => column.Header)],
            runners.Select(runner => columns.Select(column => column.Cell(runner)).ToArray()));
    }

    // Only where there is something to say: the estimate of every other runner is known.
    private static string MemoryOf(JsonElement runner) =>
        runner.TryGetProperty("memory_estimate_bytes", out JsonElement memory) && memory.ValueKind == JsonValueKind.Null ? "not known" : "";

    private static string ContextOf(JsonElement runner) => runner.Member("context_tokens")?.ToString() ?? "";

    private static string EngineOf(JsonElement runner) => $"{runner.Text("engine")} {runner.Text("engine_version")}".Trim();

    private static string ShortfallsOf(JsonElement runner) =>
        string.Join("; ", (runner.Member("shortfalls") ?? default).Items().Select(static item => item.ToString()));

    private static string ArgumentsOf(JsonElement runner) =>
        string.Join(' ', (runner.Member("arguments") ?? default).Items().Select(static item => item.ToString()));

    // Replicas of one model have no other difference.
    private static string ModelOf(JsonElement runner) =>
        runner.Text("replica") is { Length: > 0 } replica ? $"{runner.Text("model_name")} (replica {replica})" : runner.Text("model_name");

    private static string State(JsonElement runner) => runner.Text("state") switch
    {
        "failed" or "stopping" or "down" or "waiting" => runner.Text("state"),
        _ when runner.Text("stalled_since").Length > 0 => "stalled",
        _ => runner.IsTrue("loading") ? "loading" : runner.IsTrue("in_use") ? "in use" : "idle",
    };

    private string Until(JsonElement runner)
    {
        if (State(runner) is "failed" or "stopping" or "down" or "waiting"
            || !DurationText.TryParseKeepAlive(runner.Text("keep_alive"), out TimeSpan keepAlive))
            return "";
        if (keepAlive < TimeSpan.Zero)
            return "forever";
        if (runner.IsTrue("preload"))
            return "evicted";
        if (runner.IsTrue("loading") || runner.IsTrue("in_use") || !TryReadTime(runner.Text("last_used"), out DateTimeOffset lastUsed))
            return $"{DurationText.Format(keepAlive)} after its last request";

        TimeSpan left = lastUsed + keepAlive - Context.Time.GetUtcNow();
        return left <= TimeSpan.Zero ? "now" : $"in {DurationText.Format(TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)))}";
    }

    // Docker Model Runner's API uses the year 1 for "never".
    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && time.Year > 1;
}
