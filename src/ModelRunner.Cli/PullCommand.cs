using System.CommandLine;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner pull</c>: fetches a model from a registry or from Hugging Face. Ctrl-C stops it; the next pull continues where it ended.</summary>
internal sealed class PullCommand : ClientCommand
{
    private readonly Argument<string> _model = new("MODEL")
    {
        Description = "The model, for example ai/smollm2, hf.co/ORG/REPO:Q4_K_M or registry.example/models/phi:q4",
    };

    private readonly Option<string> _limit = LimitFlag.Make();

    public PullCommand(CliContext context)
        : base("pull", "Fetch a model from a registry or from Hugging Face", context)
    {
        Add(_model);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        string? limit = LimitFlag.Check(result.GetValue(_limit));
        string message = await new ProgressFollower(Console, client, Context.Time).RunAsync(model, limit, IsJson(result), interrupt.Ended);
        if (!IsJson(result))
            Console.WriteLine(message);
        return ExitCode.Success;
    }
}
