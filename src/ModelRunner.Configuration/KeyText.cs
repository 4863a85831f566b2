using System.Text.Json;
using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Writes what a key may do, with the members of the configuration file.</summary>
internal static class KeyText
{
    /// <summary>Writes the members of a key except those that have the key itself. Limits that it does not have are left out.</summary>
    public static void WriteLimits(Utf8JsonWriter json, KeySettings key)
    {
        WriteList(json, "scopes", KeyScopeText.Format(key.Scopes));
        if (key.Models.Count > 0)
            WriteList(json, "models", key.Models.Select(static model => model.Text));
        if (key.Priority != RequestPriority.Interactive)
            json.WriteString("priority"u8, PriorityText.Format(key.Priority));
        if (key.Concurrency is { } concurrency)
            json.WriteNumber("concurrency"u8, concurrency);
        if (key.TokensPerDay is { } day)
            json.WriteNumber("tokensPerDay"u8, day);
        if (key.TokensPerMonth is { } month)
            json.WriteNumber("tokensPerMonth"u8, month);
        if (key.ExpiresAt is { } expiry)
            json.WriteString("expires"u8, ExpiryText.Format(expiry));
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (string item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
