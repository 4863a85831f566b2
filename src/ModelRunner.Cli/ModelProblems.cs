using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>Reports the daemon's problems with its models. They go to standard error, so that tables and JSON stay unchanged for scripts.</summary>
internal static class ModelProblems
{
    /// <summary>Asks the daemon for its models in OpenAI's format, which have the problems beside them; null if it does not give them.</summary>
    public static Task<JsonDocument?> ReadModelsAsync(DaemonClient client, CancellationToken cancellation) =>
        client.TryGetObjectAsync("v1/models", cancellation);

    /// <summary>The problems in a list of models.</summary>
    public static IReadOnlyList<string> Find(JsonElement? models) =>
        [.. (models?.Member("problems")?.Items() ?? []).Where(static problem => problem.ValueKind == JsonValueKind.String)
            .Select(static problem => problem.GetString()!)];

    /// <summary>Writes one line for each problem.</summary>
    public static void Print(IReadOnlyList<string> problems, CliConsole console)
    {
        foreach (string problem in problems)
            console.WriteError($"warning: {problem}");
    }
}
