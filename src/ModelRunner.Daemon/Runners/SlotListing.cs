using System.Text.Json;

namespace ModelRunner.Daemon.Runners;

/// <summary>Reads the list of slots of a llama-server.</summary>
internal static class SlotListing
{
    private const int MaxSlots = 1024;

    /// <summary>Requests the slots. Null if the runner does not tell.</summary>
    /// <param name="endpoint">The runner.</param>
    /// <param name="cancellationToken">Ends the request; the result is then null.</param>
    public static async Task<IReadOnlyList<SlotStatus>?> ReadAsync(RunnerEndpoint endpoint, CancellationToken cancellationToken) =>
        endpoint.SlotsAddress is { } address && await RunnerDocument.ReadAsync(endpoint, address, cancellationToken) is { } body ? Parse(body) : null;

    /// <summary>Reads the response of <c>/slots</c>. Null if it has another form.</summary>
    public static IReadOnlyList<SlotStatus>? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array || document.RootElement.GetArrayLength() > MaxSlots)
                return null;
            var slots = new List<SlotStatus>();
            foreach (JsonElement slot in document.RootElement.EnumerateArray())
            {
                if (slot.ValueKind != JsonValueKind.Object || NumberOf(slot, "id"u8) is not { } id || id is < 0 or >= MaxSlots
                    || !slot.TryGetProperty("is_processing"u8, out JsonElement processing)
                    || processing.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                {
                    return null;
                }

                bool wasUsed = slot.TryGetProperty("id_task"u8, out JsonElement task) && task.ValueKind == JsonValueKind.Number;
                slots.Add(new SlotStatus((int)id, processing.ValueKind == JsonValueKind.True, wasUsed, NumberOf(slot, "n_prompt_tokens"u8))
                {
                    LastTask = NumberOf(slot, "id_task"u8) ?? 0,
                });
            }

            return slots;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long? NumberOf(JsonElement slot, ReadOnlySpan<byte> name) =>
        slot.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;
}
