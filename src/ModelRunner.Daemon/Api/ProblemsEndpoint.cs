using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// <c>GET /engines/problems</c>: what is wrong now with the configuration, with keys and with the ledger, and which models with <c>preload</c> cannot be
/// loaded. Problems of models are in the list of models.
/// </summary>
internal sealed class ProblemsEndpoint(
    SettingsStore settings, KeyStore keys, KeyWarningLog warnings, RequestLedger ledger, Func<IReadOnlyList<string>> residents)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes) => routes.MapMethods("/engines/problems", ReadMethods, HandleAsync).Requires(KeyScopes.Admin);

    private async Task HandleAsync(HttpContext context)
    {
        // The file may have changed since the last request with a key.
        await keys.RefreshAsync(context.RequestAborted);
        IReadOnlyList<(string Name, string Sentence)> ofKeys = await warnings.FindAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("keys_file"u8, keys.FilePath);
            json.WriteStartArray("problems"u8);
            foreach (string problem in settings.Problems.Concat(settings.Current.Warnings))
                Write(json, "configuration", problem);
            if (settings.Waiting is { Count: > 0 } waiting)
                Write(json, "configuration", $"New values of these options need a restart of the daemon: {string.Join(", ", waiting)}.");
            foreach (string problem in keys.Problems)
                Write(json, "keys file", problem);
            foreach ((string name, string sentence) in ofKeys)
                Write(json, "key", sentence, name);
            if (ledger.Status is { IsUp: false, Cause: { Length: > 0 } cause })
                Write(json, "ledger", $"The ledger {ledger.Path} cannot be written: {cause}. Totals are kept in memory until it can be written.");
            foreach (string problem in residents())
                Write(json, "preload", problem);
            json.WriteEndArray();
            json.WriteStartArray("needs_restart"u8);
            foreach (string option in settings.Waiting)
                json.WriteStringValue(option);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, string about, string text, string? key = null)
    {
        json.WriteStartObject();
        json.WriteString("about"u8, about);
        if (key is not null)
            json.WriteString("key"u8, key);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }
}
