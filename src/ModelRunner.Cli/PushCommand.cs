using System.CommandLine;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner push</c>: sends a pulled model to the registry of its name. Ctrl-C stops it; the next push sends what is missing.</summary>
internal sealed class PushCommand : ClientCommand
{
    private readonly Argument<string> _model = new("MODEL") { Description = "The model, for example registry.example/me/phi:q4" };

    public PushCommand(CliContext context)
        : base("push", "Send a pulled model to a registry", context) => Add(_model);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        string message = await new ProgressFollower(Console, client, Context.Time).PushAsync(model, IsJson(result), interrupt.Ended);
        if (!IsJson(result))
            Console.WriteLine(message);
        return ExitCode.Success;
    }
}
