using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner repackage</c>: gives a pulled model another context size under another name.</summary>
internal sealed class RepackageCommand : ClientCommand
{
    private readonly Argument<string> _source = new("SOURCE") { Description = "The model, which was pulled, loaded or packaged, or its id" };
    private readonly Argument<string> _target = new("TARGET") { Description = "The name of the new model" };

    private readonly Option<int?> _context = new("--context-size")
    {
        Description = "The most tokens of context that its runners get", HelpName = "N", Required = true,
    };

    public RepackageCommand(CliContext context)
        : base("repackage", "Give a pulled model another context size under another name", context)
    {
        Add(_source);
        Add(_target);
        Add(_context);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        (string source, string target) = (result.GetValue(_source) ?? "", result.GetValue(_target) ?? "");
        if (string.IsNullOrWhiteSpace(source))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);
        int context = ContextFlag.Check(result.GetValue(_context)) ?? 0;
        using JsonDocument answer = await client.PostJsonAsync(
            ModelPath.Of(source, "repackage"),
            JsonObject.Write(json =>
            {
                json.WriteString("target", target);
                json.WriteNumber("context_size", context);
            }),
            interrupt.Ended);
        Console.WriteLine(IsJson(result) ? answer.RootElement.GetRawText() : answer.RootElement.Text("message"));
        return ExitCode.Success;
    }
}
