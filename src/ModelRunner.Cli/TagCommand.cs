using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner tag</c>: gives a pulled model one more name.</summary>
internal sealed class TagCommand : ClientCommand
{
    private readonly Argument<string> _source = new("SOURCE") { Description = "The model, or its id" };
    private readonly Argument<string> _target = new("TARGET") { Description = "The new name, for example registry.example/me/phi:q4" };

    public TagCommand(CliContext context)
        : base("tag", "Give a pulled model one more name", context)
    {
        Add(_source);
        Add(_target);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        (string source, string target) = (result.GetValue(_source) ?? "", result.GetValue(_target) ?? "");
        if (string.IsNullOrWhiteSpace(source) || string.IsNullOrWhiteSpace(target))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        (string repository, string tag) = Split(target);
        string path = $"{ModelPath.Of(source, "tag")}?repo={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}";
        using JsonDocument answer = await client.PostJsonAsync(path, ReadOnlyMemory<byte>.Empty, interrupt.Ended);
        Console.WriteLine(IsJson(result) ? answer.RootElement.GetRawText() : answer.RootElement.Text("message"));
        return ExitCode.Success;
    }

    // Before the last slash, a colon belongs to the port of a registry.
    private static (string Repository, string Tag) Split(string target)
    {
        int colon = target.LastIndexOf(':');
        return colon <= target.LastIndexOf('/') || colon == target.Length - 1 ? (target.TrimEnd(':'), "latest") : (target[..colon], target[(colon + 1)..]);
    }
}
