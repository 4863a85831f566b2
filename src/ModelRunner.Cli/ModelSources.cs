using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>The tools whose models the daemon uses.</summary>
internal static class ModelSources
{
    /// <summary>Draws them with their problems, after an empty line; empty if there are none.</summary>
    /// <param name="models">The list of models in OpenAI's format; null: the daemon gave none.</param>
    public static string Draw(JsonElement? models)
    {
        JsonElement[] sources = [.. models?.Member("sources")?.Items() ?? []];
        return sources.Length == 0 ? "" : "\n" + TextTable.Draw(["SOURCE", "MODELS", "PROBLEMS"], sources.Select(ToRow));
    }

    /// <summary>Their problems, one sentence each.</summary>
    /// <param name="models">The list of models in OpenAI's format; null: the daemon gave none.</param>
    public static IReadOnlyList<string> Problems(JsonElement? models) => [.. (models?.Member("sources")?.Items() ?? [])
        .SelectMany(static source => ProblemsOf(source).Select(problem => $"source {source.Text("source")} {problem}"))];

    private static string[] ToRow(JsonElement source) =>
        [source.Text("source"), source.Text("models"), string.Join("; ", ProblemsOf(source).Select(static problem => PlainText.Escape(problem)))];

    private static IEnumerable<string> ProblemsOf(JsonElement source) => (source.Member("problems")?.Items() ?? [])
        .Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!);
}
