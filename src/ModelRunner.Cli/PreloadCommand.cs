using System.CommandLine;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner preload</c>: loads a model, so that its first request need not wait.</summary>
internal sealed class PreloadCommand : ClientCommand
{
    private readonly Argument<string> _model = new("MODEL") { Description = "The model to load" };

    private readonly Option<string> _keepAlive = new("--keep-alive")
    {
        Description = "How long it stays loaded when idle, such as 10m; 0: until its next response; -1: until it is unloaded", HelpName = "TIME",
    };

    private readonly Option<bool> _noPull = new("--no-pull") { Description = "Fail if the model is not there, and do not pull it" };

    private readonly Option<string> _limit = LimitFlag.Make();

    public PreloadCommand(CliContext context)
        : base("preload", "Load a model before its first request", context)
    {
        Add(_model);
        Add(_keepAlive);
        Add(_noPull);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        string? keepAlive = DurationFlag.CheckKeepAlive(_keepAlive.Name, result.GetValue(_keepAlive));

        string? limit = LimitFlag.Check(result.GetValue(_limit));

        // This route takes models of every mode.
        await new MissingModel(Console, client, Context.Time) { Limit = limit }.PullForAsync(
            async () => (await client.PostAsync("tokenize", Body(model, keepAlive), interrupt.Ended, isPreload: true)).Dispose(),
            mayPull: !result.GetValue(_noPull), interrupt.Ended);
        if (IsJson(result))
            Console.WriteLine(JsonObject.Format(json => json.WriteString("loaded", model)));
        else
            Console.WriteLine($"Loaded {model}.");
        return ExitCode.Success;
    }

    private static ReadOnlyMemory<byte> Body(string model, string? keepAlive)
    {
        return JsonObject.Write(json =>
        {
            json.WriteString("model", model);
            if (keepAlive is not null)
                json.WriteString("keep_alive", keepAlive);
        });
    }
}
