using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner ls</c>: lists the models that requests can name.</summary>
internal sealed class LsCommand : ClientCommand
{
    // A small model that most machines can run.
    private const string Next = "model-runner pull ai/smollm2";

    private static readonly string[] Heads = ["MODEL", "MODES", "PARAMETERS", "QUANTIZATION", "ARCHITECTURE", "SIZE", "CREATED", "ORIGIN", "OTHER NAMES"];

    public LsCommand(CliContext context)
        : base("ls", $"List the models; \"{Next}\" fetches one", context) => Aliases.Add("list");

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using JsonDocument models = await client.GetJsonAsync("models", JsonValueKind.Array, interrupt.Ended);
        using JsonDocument? shown = await ModelProblems.ReadModelsAsync(client, interrupt.Ended);
        IReadOnlyList<string> unread = ModelSources.Problems(shown?.RootElement);
        if (IsJson(result))
            Console.WriteLine(models.RootElement.GetRawText());
        else if (models.RootElement.GetArrayLength() > 0)
            Console.Write(TextTable.Draw(Heads, models.RootElement.Items().Select(ToRow)));
        else if (unread.Count == 0)
            Console.WriteError($"there are no models yet; \"{Next}\" fetches one");
        ModelProblems.Print([.. ModelProblems.Find(shown?.RootElement), .. unread], Console);
        return ExitCode.Success;
    }

    private static string[] ToRow(JsonElement model)
    {
        string name = model.Member("tags")?.Items().FirstOrDefault() is { ValueKind: JsonValueKind.String } tag ? tag.GetString()! : model.Text("id");
        JsonElement config = model.Member("config") ?? default;
        string modes = string.Join(", ", config.Member("modes")?.Items() ?? []);
        return
        [
            name, modes, config.Text("parameters"), config.Text("quantization"), config.Text("architecture"), SizeText.Of(config),
            Created(model), Origins(config), string.Join(", ", (model.Member("tags")?.Items() ?? []).Skip(1)),
        ];
    }

    private static string Origins(JsonElement config) => string.Join(", ", config.Member("origins")?.Items() ?? []);

    private static string Created(JsonElement model) =>
        model.Integer("created") is { } seconds and > 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)
            : "";
}
