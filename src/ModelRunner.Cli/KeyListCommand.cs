using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;

namespace ModelRunner.Cli;

/// <summary><c>model-runner key list</c>: shows the named keys without the keys themselves.</summary>
internal sealed class KeyListCommand(CliContext context) : KeysFileCommand("list", "List the keys", context)
{
    protected override async Task RunAsync(ParseResult result, KeysFileEditor editor, CancellationToken cancellationToken)
    {
        (KeySettings Key, bool IsInFile)[] keys =
        [
            .. editor.Section.Select(static key => (key, false)).Concat(editor.Read().Keys.Select(static key => (key, true)))
                .OrderBy(static key => key.key.Name, StringComparer.Ordinal),
        ];
        using JsonDocument? problems = keys.Length == 0 ? null : await AskDaemonAsync(editor.Path, cancellationToken);
        if (IsJson(result))
        {
            WriteJson(json =>
            {
                json.WriteStartArray();
                foreach ((KeySettings key, bool isInFile) in keys)
                    Write(json, key, isInFile, problems?.RootElement);
                json.WriteEndArray();
            });
        }
        else if (keys.Length == 0)
        {
            Console.WriteError($"there are no named keys in {editor.Path} and in the configuration file");
        }
        else
        {
            Console.Write(TextTable.Draw(
                ["NAME", "SCOPES", "MODELS", "PRIORITY", "CONCURRENCY", "TOKENS/DAY", "TOKENS/MONTH", "EXPIRES", "IN"],
                keys.Select(key => Row(key.Key, key.IsInFile))));
            foreach (string warning in keys.SelectMany(key => DaemonProblems.FindOfKey(problems?.RootElement, key.Key.Name)))
                Console.WriteError($"warning: {warning}");
        }
    }

    // Only a daemon knows which models are here, and only one that uses this file is asked about its keys. Without one, the list is complete too.
    private async Task<JsonDocument?> AskDaemonAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            DaemonAddress address = DaemonLocator.Find(host: null, Context.Options);
            using var client = new DaemonClient(address, ClientKey.Find(keyFile: null, Context.Options), Context.Options, Context.Time);
            JsonDocument? problems = await DaemonProblems.ReadAsync(client, cancellationToken);
            if (problems?.RootElement.Text("keys_file") == path)
                return problems;
            problems?.Dispose();
        }
        catch (Exception failure) when (failure is CliFailure or IOException)
        {
            // No daemon runs, or it cannot be reached.
        }

        return null;
    }

    private string[] Row(KeySettings key, bool isInFile) =>
    [
        key.Name, string.Join(',', KeyScopeText.Format(key.Scopes)),
        key.Models.Count == 0 ? "all" : string.Join(',', key.Models.Select(static model => model.Text)),
        PriorityText.Format(key.Priority), Number(key.Concurrency), Number(key.TokensPerDay), Number(key.TokensPerMonth),
        key.ExpiresAt is not { } expiry ? "never" : IsExpired(key) ? $"{ExpiryText.Format(expiry)} (expired)" : ExpiryText.Format(expiry),
        Place(isInFile),
    ];

    private void Write(Utf8JsonWriter json, KeySettings key, bool isInFile, JsonElement? problems)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, key.Name);
        KeyText.WriteLimits(json, key);
        json.WriteBoolean("expired"u8, IsExpired(key));
        json.WriteString("in"u8, Place(isInFile));
        if (problems is not null)
            JsonObject.WriteList(json, "warnings", DaemonProblems.FindOfKey(problems, key.Name));
        json.WriteEndObject();
    }

    private bool IsExpired(KeySettings key) => key.ExpiresAt <= Context.Time.GetUtcNow();

    private static string Place(bool isInFile) => isInFile ? "keys file" : "configuration";

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
