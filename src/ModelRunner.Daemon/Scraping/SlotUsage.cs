using System.Text.Json;

namespace ModelRunner.Daemon.Scraping;

/// <summary>What the slots of a llama-server do.</summary>
/// <param name="Busy">Slots that process a request.</param>
/// <param name="ContextTokens">
/// Tokens in the contexts of all slots, those included that are kept as a cache; null: no slot tells. A llama-server does not tell of a slot that
/// was never used, and older versions never tell.
/// </param>
internal readonly record struct SlotUsage(int Busy, long? ContextTokens)
{
    /// <summary>Reads the response of <c>/slots</c>. Null if it has another form.</summary>
    public static SlotUsage? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                return null;
            int busy = 0;
            long? tokens = null;
            foreach (JsonElement slot in document.RootElement.EnumerateArray())
            {
                if (slot.ValueKind != JsonValueKind.Object
                    || !slot.TryGetProperty("is_processing"u8, out JsonElement processing)
                    || processing.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                {
                    return null;
                }

                busy += processing.ValueKind == JsonValueKind.True ? 1 : 0;
                if (!slot.TryGetProperty("n_prompt_tokens"u8, out JsonElement count))
                    continue;
                if (count.ValueKind != JsonValueKind.Number || !count.TryGetInt64(out long used) || used is < 0 or > int.MaxValue)
                    return null;
                tokens = (tokens ?? 0) + used;
            }

            return new SlotUsage(busy, tokens);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
