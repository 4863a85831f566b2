using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Configuration;

namespace ModelRunner.Daemon.Cli;

/// <summary><c>model-runner ps</c>: the runners that there are.</summary>
internal sealed class PsCommand(CliContext context) : ClientCommand("ps", "List the runners that are loaded", context)
{
    private const string Failure = "failure";

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, CancellationToken cancellation)
    {
        using JsonDocument runners = await client.GetJsonAsync("engines/ps", cancellation);
        if (IsJson(result))
            Console.WriteLine(runners.RootElement.GetRawText());
        else
            Console.Write(Draw([.. runners.RootElement.Items()]));
        return ExitCode.Success;
    }

    private string Draw(JsonElement[] runners)
    {
        string[] headers = ["MODEL", "BACKEND", "MODE", "STATE", "UNTIL"];
        return runners.Any(static runner => runner.Text(Failure).Length > 0)
            ? TextTable.Draw([.. headers, "LAST FAILURE"], runners.Select(runner => (string[])[.. ToRow(runner), runner.Text(Failure)]))
            : TextTable.Draw(headers, runners.Select(ToRow));
    }

    private string[] ToRow(JsonElement runner) =>
        [runner.Text("model_name"), runner.Text("backend_name"), runner.Text("mode"), State(runner), Until(runner)];

    private static string State(JsonElement runner) => runner.Text("state") switch
    {
        "failed" => "failed",
        "stopping" => "stopping",
        _ => runner.IsTrue("loading") ? "loading" : runner.IsTrue("in_use") ? "in use" : "idle",
    };

    private string Until(JsonElement runner)
    {
        if (State(runner) is "failed" or "stopping" || !DurationText.TryParseKeepAlive(runner.Text("keep_alive"), out TimeSpan keepAlive))
            return "";
        if (keepAlive < TimeSpan.Zero)
            return "forever";
        if (runner.IsTrue("loading") || runner.IsTrue("in_use") || !TryReadTime(runner.Text("last_used"), out DateTimeOffset lastUsed))
            return $"{DurationText.Format(keepAlive)} after its last request";

        TimeSpan left = lastUsed + keepAlive - Context.Time.GetUtcNow();
        return left <= TimeSpan.Zero ? "now" : $"in {DurationText.Format(TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds)))}";
    }

    // The year 1 stands for "never" in the interface that this one is compatible with.
    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && time.Year > 1;
}
