using System.CommandLine;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner pull</c>: fetches a model from a registry. Ctrl-C stops it; the next pull continues where it ended.</summary>
internal sealed class PullCommand : ClientCommand
{
    private static readonly TimeSpan TerminalInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Argument<string> _model = new("MODEL") { Description = "The model, for example ai/smollm2 or registry.example/models/phi:q4" };

    public PullCommand(CliContext context)
        : base("pull", "Fetch a model from a registry", context) => Add(_model);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        using HttpResponseMessage response = await client.PostAsync(
            "models/create", JsonObject.Write(json => json.WriteString("from", model)), interrupt.Ended, accept: "application/json");
        client.RequireType(response, "application/json");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(interrupt.Ended), Encoding.UTF8);
        return await ReadAsync(reader, IsJson(result), interrupt.Ended);
    }

    private async Task<int> ReadAsync(StreamReader reader, bool isJson, CancellationToken cancellation)
    {
        var progress = new PullProgress();
        long start = Context.Time.GetTimestamp();
        long? shown = null;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (isJson)
                Console.WriteLine(line);
            using JsonDocument document = Parse(line);
            string message = document.RootElement.Text("message");
            switch (document.RootElement.Text("type"))
            {
                case "success":
                    if (!isJson)
                        Finish(shown is not null, message);
                    return ExitCode.Success;
                case "error":
                    Finish(shown is not null, null);
                    throw new CliFailure(message, ExitCode.Failure);
                default:
                    bool isAboutFile = progress.Take(document.RootElement);
                    if (!isJson && (IsDue(shown) || !isAboutFile))
                    {
                        Show(isAboutFile ? progress.Describe(Context.Time.GetElapsedTime(start)) : message);
                        shown = Context.Time.GetTimestamp();
                    }

                    break;
            }
        }

        Finish(shown is not null, null);
        throw new CliFailure("the daemon ended the pull without a result; pull again to continue", ExitCode.Failure);
    }

    private static JsonDocument Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            throw new CliFailure("the daemon sent a line of progress that is not JSON; another program may have responded", ExitCode.Failure);
        }
    }

    private bool IsDue(long? shown) =>
        shown is not { } last || Context.Time.GetElapsedTime(last) >= (Console.IsTerminal ? TerminalInterval : PlainInterval);

    // Progress is for people, so it is not part of the result on standard output.
    private void Show(string text)
    {
        if (Console.IsTerminal)
            Console.Error.Write($"\r\u001b[K{text}");
        else
            Console.Error.WriteLine(text);
    }

    private void Finish(bool hasShown, string? message)
    {
        if (hasShown && Console.IsTerminal)
            Console.Error.Write("\r\u001b[K");
        if (message is not null)
            Console.WriteLine(message);
    }
}
