using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary><c>model-runner requests</c>: shows the last requests of each model and their responses, if the daemon records them.</summary>
internal sealed class RequestsCommand : ClientCommand
{
    private const int MaxCell = 40;
    private const int MaxLine = 1000;

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    private readonly Argument<string?> _model = new("MODEL") { Description = "Only requests for this model", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Show each request that ends, until Ctrl-C" };
    private readonly Option<bool> _existing = new("--include-existing") { Description = "With -f: begin with those that are recorded already" };

    public RequestsCommand(CliContext context)
        : base("requests", "Show the last requests and their responses, if they are recorded", context)
    {
        Add(_model);
        Add(_follow);
        Add(_existing);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string? model = result.GetValue(_model);
        if (model is not null && string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.EmptyModel(this), ExitCode.Usage);
        if (result.GetValue(_existing) && !result.GetValue(_follow))
            throw new CliFailure("--include-existing belongs to --follow", ExitCode.Usage);

        string path = $"engines/requests?include_existing={(result.GetValue(_existing) ? "true" : "false")}"
            + (model is null ? "" : $"&model={Uri.EscapeDataString(model)}");
        if (result.GetValue(_follow))
            await FollowAsync(client, path, IsJson(result), interrupt.Ended);

        using JsonDocument requests = await client.GetJsonAsync(path, JsonValueKind.Array, interrupt.Ended);
        JsonElement[] records = [.. RecordsOf(requests.RootElement).OrderBy(static record => record.Integer("timestamp"))];
        if (IsJson(result))
            Console.WriteLine(requests.RootElement.GetRawText());
        else if (records.Length == 0)
            Console.WriteLine(model is null ? "No request was recorded yet." : $"No request for {model} was recorded yet.");
        else
            Console.Write(TextTable.Draw(["TIME", "MODEL", "ROUTE", "STATUS", "TOOK", "REQUEST", "RESPONSE"], records.Select(Row)));
        return ExitCode.Success;
    }

    private async Task FollowAsync(DaemonClient client, string path, bool isJson, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await client.GetAsync(path, ResponseTimeout, cancellation, ChatStream.MediaType);
        client.RequireType(response, ChatStream.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        string name = "";
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line["event: ".Length..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                Show(name, line["data: ".Length..], isJson);
        }

        throw new CliFailure("the daemon has ended the output: it ends, or it does not record requests any more", ExitCode.Failure);
    }

    private void Show(string name, string data, bool isJson)
    {
        using JsonDocument document = JsonObject.Parse(data, "an event");
        if (name == "error")
        {
            Console.WriteError(document.RootElement.Text("error"));
        }
        else if (name is "new_request" or "existing_request")
        {
            foreach (JsonElement record in RecordsOf(document.RootElement))
                Console.Write(isJson ? record.GetRawText() + "\n" : Describe(record));
        }
    }

    private static string Describe(JsonElement record) =>
        $"{TimeOf(record)}  {PlainText.Escape(record.Text("model"))}  {PlainText.Escape(record.Text("url"))}  {record.Text("status_code")}  {Took(record)}\n"
        + $"  > {RequestSummary.Prompt(record, MaxLine)}\n  < {RequestSummary.Answer(record, MaxLine)}\n";

    private static string[] Row(JsonElement record) =>
    [
        TimeOf(record), record.Text("model"), record.Text("url"), record.Text("status_code"), Took(record), RequestSummary.Prompt(record, MaxCell),
        RequestSummary.Answer(record, MaxCell),
    ];

    private static IEnumerable<JsonElement> RecordsOf(JsonElement models) =>
        models.Items().SelectMany(static model => (model.Member("records") ?? default).Items());

    private static string Took(JsonElement record) =>
        record.Integer("duration_ms") is { } milliseconds ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000.0:0.000} s") : "";

    private static string TimeOf(JsonElement record) => record.Integer("timestamp") is { } seconds and >= 0 and < 253_402_300_799
        ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToLocalTime().ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
        : "";
}
