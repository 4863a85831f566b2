using System.CommandLine;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary><c>model-runner status</c>: shows whether the daemon runs, and its engines.</summary>
internal sealed class StatusCommand(CliContext context) : ClientCommand("status", "Show whether the daemon runs, and its engines", context)
{
    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        try
        {
            using JsonDocument version = await client.GetJsonAsync("version", JsonValueKind.Object, interrupt.Ended);
            using JsonDocument backends = await client.GetJsonAsync("engines/status", JsonValueKind.Object, interrupt.Ended);
            using JsonDocument? models = await ModelProblems.ReadModelsAsync(client, interrupt.Ended);
            using JsonDocument? others = await DaemonProblems.ReadAsync(client, interrupt.Ended);
            string[] ofDaemon = [.. DaemonProblems.Find(others?.RootElement)];

            // The problem of a model that is to be preloaded has the one of the model in it.
            IEnumerable<string> ofModels = ModelProblems.Find(models?.RootElement)
                .Where(problem => !ofDaemon.Any(longer => longer.Contains(problem, StringComparison.Ordinal)));
            IReadOnlyList<string> problems = [.. ofDaemon, .. ofModels];
            string number = version.RootElement.Text("version");
            if (IsJson(result))
                Console.WriteLine(ToJson(client.Address, number, backends.RootElement, problems, models?.RootElement));
            else
                Console.Write(
                    $"model-runner {PlainText.Escape(number)} is running at {client.Address}\n\n{ToTable(backends.RootElement)}"
                    + ModelSources.Draw(models?.RootElement));
            ModelProblems.Print(problems, Console);
            return ExitCode.Success;
        }
        catch (CliFailure failure) when (failure.ExitCode == ExitCode.NotRunning && IsJson(result))
        {
            Console.WriteLine(ToJson(client.Address, null, null, [], null));
            throw;
        }
    }

    private static string ToTable(JsonElement backends) => TextTable.Draw(["BACKEND", "STATUS", "DETAILS"], ToRows(backends));

    private static IEnumerable<IReadOnlyList<string>> ToRows(JsonElement backends)
    {
        if (backends.ValueKind != JsonValueKind.Object)
            yield break;

        foreach (JsonProperty backend in backends.EnumerateObject())
        {
            // "Running: llama-server b1234"; the part before the colon is from a closed list.
            string text = backends.Text(backend.Name);
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            yield return colon < 0 ? [backend.Name, text, ""] : [backend.Name, text[..colon], text[(colon + 1)..].Trim()];
        }
    }

    private static string ToJson(DaemonAddress address, string? version, JsonElement? backends, IReadOnlyList<string> problems, JsonElement? models)
    {
        return JsonObject.Format(json =>
        {
            json.WriteBoolean("running", version is not null);
            json.WriteString("endpoint", address.ToString());
            if (version is not null)
                json.WriteString("version", version);
            if (backends is { } known)
            {
                json.WritePropertyName("backends");
                known.WriteTo(json);
            }

            JsonObject.WriteList(json, "problems", problems);
            if (models?.Member("sources") is { } sources)
            {
                json.WritePropertyName("sources");
                sources.WriteTo(json);
            }
        });
    }
}
