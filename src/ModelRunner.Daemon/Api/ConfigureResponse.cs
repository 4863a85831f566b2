using System.Text.Json;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Api;

/// <summary>Writes what clients have changed, in Docker Model Runner's shape.</summary>
internal static class ConfigureResponse
{
    /// <summary>The changes of one model, with the names that a request uses; an empty object if there are none.</summary>
    public static void WriteConfig(Utf8JsonWriter json, ModelOverride settings)
    {
        json.WriteStartObject();
        if (settings.HasAutoContext)
            json.WriteString("context-size"u8, "auto"u8);
        else if (settings.ContextSize is { } context)
            json.WriteNumber("context-size"u8, context);
        if (settings.Arguments is { } arguments)
        {
            json.WriteStartArray("runtime-flags"u8);
            foreach (string argument in arguments)
                json.WriteStringValue(argument);
            json.WriteEndArray();
        }

        if (settings.KeepAlive is { } keepAlive)
            json.WriteString("keep_alive"u8, DurationText.Format(keepAlive));
        if (settings.ReasoningBudget is { } budget)
        {
            json.WriteStartObject("llamacpp"u8);
            json.WriteNumber("reasoning-budget"u8, budget);
            json.WriteEndObject();
        }

        ConfigureDraft.Write(json, settings);
        json.WriteEndObject();
    }
}
