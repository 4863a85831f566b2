using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary><c>model-runner inspect</c>: shows what is known about one model, here or in its registry.</summary>
internal sealed class InspectCommand : ClientCommand
{
    private readonly Argument<string> _model = new("MODEL") { Description = "The model, or its id" };
    private readonly Option<bool> _remote = new("--remote") { Description = "Ask the registry of the name; nothing is downloaded" };
    private readonly Option<bool> _license = new("--license") { Description = "Print only the texts of its licenses" };

    public InspectCommand(CliContext context)
        : base("inspect", "Show what is known about a model", context)
    {
        Add(_model);
        Add(_remote);
        Add(_license);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string model = result.GetValue(_model) ?? "";
        if (string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        (bool isRemote, bool isLicense) = (result.GetValue(_remote), result.GetValue(_license));
        if (isRemote && isLicense)
            throw new CliFailure("--license reads the files of a model, which --remote does not download; pull the model first", ExitCode.Usage);
        string query = isRemote ? "?remote=true" : isLicense ? "?license=true" : "";
        using JsonDocument answer = await client.GetJsonAsync(ModelPath.Of(model) + query, JsonValueKind.Object, interrupt.Ended, isLong: isRemote);
        if (IsJson(result))
            Console.WriteLine(answer.RootElement.GetRawText());
        else if (isLicense)
            PrintLicenses(answer.RootElement);
        else
            Console.Write(ModelSheet.Draw(answer.RootElement));
        return ExitCode.Success;
    }

    private void PrintLicenses(JsonElement model)
    {
        JsonElement[] licenses = [.. model.Member("licenses")?.Items() ?? []];
        string[] texts = [.. licenses.Select(static license => license.Text("text")).Where(static text => text.Length > 0)];
        string[] problems =
        [
            .. licenses.Where(static license => license.Text("problem").Length > 0).Select(static license =>
                $"the license {PlainText.Escape(license.Text("digest"))} is not shown: {PlainText.Escape(license.Text("problem"))}"),
        ];
        if (texts.Length == 0)
            throw new CliFailure(problems.Length == 0 ? "the model has no file with a license" : problems[0], ExitCode.Failure);
        foreach (string problem in problems)
            Console.WriteError($"warning: {problem}");
        foreach (string text in texts)
            Console.WriteLine(string.Join('\n', text.TrimEnd().Split('\n').Select(static line => PlainText.Escape(line.TrimEnd('\r')))));
    }
}
