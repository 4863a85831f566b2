using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>What the daemon says is wrong with its configuration and its keys.</summary>
internal static class DaemonProblems
{
    /// <summary>Asks the daemon; null if it does not tell, for example because the key of this client has not the scope admin.</summary>
    public static Task<JsonDocument?> ReadAsync(DaemonClient client, CancellationToken cancellation) =>
        client.TryGetObjectAsync("engines/problems", cancellation);

    /// <summary>The sentences.</summary>
    /// <param name="response">The response of the daemon; null: it gave none.</param>
    public static IEnumerable<string> Find(JsonElement? response) => Items(response).Select(static problem => problem.Text("text"));

    /// <summary>The sentences about one key.</summary>
    /// <param name="response">The response of the daemon; null: it gave none.</param>
    /// <param name="name">The name of the key.</param>
    public static IEnumerable<string> FindOfKey(JsonElement? response, string name) =>
        Items(response).Where(problem => problem.Text("key") == name).Select(static problem => problem.Text("text"));

    private static IEnumerable<JsonElement> Items(JsonElement? response) => response?.Member("problems")?.Items() ?? [];
}
