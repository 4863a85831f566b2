using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner rm</c>: removes a model that was pulled.</summary>
internal sealed class RmCommand : ClientCommand
{
    private readonly Argument<string> _model = new("MODEL") { Description = "The model to remove, or its id" };
    private readonly Option<bool> _force = new("--force") { Description = "Unload it first if it is loaded, and remove all its names if MODEL is an id" };

    public RmCommand(CliContext context)
        : base("rm", "Remove a model that was pulled", context)
    {
        Add(_model);
        Add(_force);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        string path = $"{ModelPath.Of(model)}?force={(result.GetValue(_force) ? "true" : "false")}";
        using JsonDocument removed = await client.DeleteJsonAsync(path, JsonValueKind.Array, interrupt.Ended, isLong: true);
        if (IsJson(result))
        {
            Console.WriteLine(removed.RootElement.GetRawText());
            return ExitCode.Success;
        }

        foreach (JsonElement line in removed.RootElement.Items())
        {
            if (line.Text("Untagged") is { Length: > 0 } name)
                Console.WriteLine($"Removed the name {name}.");
            if (line.Text("Deleted") is { Length: > 0 } id)
                Console.WriteLine($"Removed the model {id} and its files.");
        }

        return ExitCode.Success;
    }
}
