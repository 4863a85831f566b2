using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary><c>model-runner verify</c>: hashes the files of pulled models. Ctrl-C stops it.</summary>
internal sealed class VerifyCommand : ClientCommand
{
    private readonly Argument<string[]> _models = new("MODEL")
    {
        Description = "The models to check; all pulled ones if none is named", Arity = ArgumentArity.ZeroOrMore,
    };

    public VerifyCommand(CliContext context)
        : base("verify", "Check that the files of pulled models are whole", context) => Add(_models);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string[] models = result.GetValue(_models) ?? [];
        if (models.Any(string.IsNullOrWhiteSpace))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);

        JsonElement last = await new ProgressFollower(Console, client, Context.Time).VerifyAsync(models, IsJson(result), interrupt.Ended);
        bool isWhole = last.Text("type") == "success";
        if (!IsJson(result))
            Show(last, isWhole);
        return isWhole ? ExitCode.Success : ExitCode.Failure;
    }

    // What is wrong is the result that was asked for, so it goes to standard output.
    private void Show(JsonElement last, bool isWhole)
    {
        JsonElement[] models = [.. last.Member("models")?.Items() ?? []];
        if (models.Length > 0)
            Console.Write(TextTable.Draw(["MODEL", "FILES", "SIZE", "STATE"], models.Select(ToRow), ["FILES", "SIZE"]));
        foreach (JsonElement model in models.Where(static model => !model.IsTrue("whole")))
        {
            foreach (JsonElement file in model.Member("files")?.Items() ?? [])
            {
                if (file.Text("text") is { Length: > 0 } text)
                    Console.WriteLine($"{model.Text("name")}: {text}");
            }
        }

        if (isWhole)
            Console.WriteLine($"{last.Text("message")}.");
        else
            Console.WriteError(last.Text("message"));
    }

    private static string[] ToRow(JsonElement model)
    {
        JsonElement[] all = [.. model.Member("files")?.Items() ?? []];
        string[] states = [.. all.Select(static file => file.Text("state")).Where(static state => state != "whole").Distinct(StringComparer.Ordinal)];

        // The files that "inspect" lists. The manifest, which names them, is checked too.
        JsonElement[] files = [.. all.Where(static file => file.Text("role") != "manifest")];
        return
        [
            model.Text("name"), files.Length.ToString(CultureInfo.InvariantCulture),
            FileSizeText.Format(files.Sum(static file => file.Integer("size") ?? 0)), states.Length == 0 ? "whole" : string.Join(", ", states),
        ];
    }
}
