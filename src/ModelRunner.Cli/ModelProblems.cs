using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>What the daemon says is wrong with its models. It goes to standard error, so that scripts read tables and JSON as before.</summary>
internal static class ModelProblems
{
    /// <summary>Asks the daemon; empty where nothing is wrong, or where it is too old to say.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(DaemonClient client, CancellationToken cancellation)
    {
        try
        {
            using JsonDocument models = await client.GetJsonAsync("v1/models", JsonValueKind.Object, cancellation);
            IEnumerable<JsonElement> problems = models.RootElement.Member("problems")?.Items() ?? [];
            return [.. problems.Where(static problem => problem.ValueKind == JsonValueKind.String).Select(static problem => problem.GetString()!)];
        }
        catch (CliFailure)
        {
            // The answer that was asked for is there; a warning that cannot be read is no reason to fail.
            return [];
        }
    }

    /// <summary>Writes one line for each.</summary>
    public static void Print(IReadOnlyList<string> problems, CliConsole console)
    {
        foreach (string problem in problems)
            console.WriteError($"warning: {problem}");
    }
}
