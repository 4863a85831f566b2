using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>What the daemon asks a llama-server about its slots. No method throws for a fault of the server; a cancelled one throws.</summary>
/// <param name="endpoint">The server.</param>
internal sealed class SlotServer(RunnerEndpoint endpoint)
{
    private const int MaxBytes = 4 << 20;

    /// <summary>The slots; null: the server does not tell.</summary>
    public async Task<IReadOnlyList<SlotStatus>?> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<SlotStatus>? slots = await SlotListing.ReadAsync(endpoint, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return slots;
    }

    /// <summary>Writes the context of a slot to a file in the folder that the server was started with.</summary>
    /// <returns>The tokens in it; null: the server refused.</returns>
    public async Task<long?> SaveAsync(int slot, string name, CancellationToken cancellationToken) =>
        Number(await ActAsync(slot, "save", name, cancellationToken), "n_saved");

    /// <summary>Replaces the context of a slot by one from a file in the folder that the server was started with.</summary>
    /// <returns>The tokens in it; null: the server refused.</returns>
    public async Task<long?> RestoreAsync(int slot, string name, CancellationToken cancellationToken) =>
        Number(await ActAsync(slot, "restore", name, cancellationToken), "n_restored");

    /// <summary>Removes the context of a slot.</summary>
    /// <returns>Whether it did.</returns>
    public async Task<bool> EraseAsync(int slot, CancellationToken cancellationToken) =>
        await ActAsync(slot, "erase", name: null, cancellationToken) is not null;

    /// <summary>The tokens of a text, with those that begin a prompt; null: the server does not tell.</summary>
    public async Task<IReadOnlyList<int>?> TokenizeAsync(string text, CancellationToken cancellationToken)
    {
        JsonElement? response = await PostAsync(
            "tokenize",
            json =>
            {
                json.WriteString("content", text);
                json.WriteBoolean("add_special", true);
            },
            cancellationToken);
        return Numbers(response, "tokens");
    }

    /// <summary>Continues a prompt in a slot; the most probable token is always chosen.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="prompt">The tokens of the prompt.</param>
    /// <param name="count">How many tokens are generated.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Null: the server refused, or does not tell what was asked for.</returns>
    public async Task<SlotCompletion?> CompleteAsync(int slot, IReadOnlyList<int> prompt, int count, CancellationToken cancellationToken)
    {
        JsonElement? response = await PostAsync(
            "completion",
            json =>
            {
                json.WriteStartArray("prompt");
                foreach (int token in prompt)
                    json.WriteNumberValue(token);
                json.WriteEndArray();
                json.WriteNumber("id_slot", slot);
                json.WriteNumber("n_predict", count);
                json.WriteNumber("temperature", 0);
                json.WriteBoolean("cache_prompt", true);
                json.WriteBoolean("return_tokens", true);
                json.WriteBoolean("ignore_eos", true);
            },
            cancellationToken);
        if (response is not { } body || Numbers(body, "tokens") is not { Count: > 0 } tokens
            || !body.TryGetProperty("timings", out JsonElement timings) || timings.ValueKind != JsonValueKind.Object)
            return null;
        return Number(timings, "cache_n") is { } cached && Number(timings, "prompt_n") is { } computed && Number(timings, "predicted_n") is { } generated
            ? new SlotCompletion(tokens, cached, computed, generated)
            : null;
    }

    private Task<JsonElement?> ActAsync(int slot, string action, string? name, CancellationToken cancellationToken) => PostAsync(
        string.Create(CultureInfo.InvariantCulture, $"slots/{slot}?action={action}"),
        json =>
        {
            if (name is not null)
                json.WriteString("filename", name);
        },
        cancellationToken);

    private async Task<JsonElement?> PostAsync(string path, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        try
        {
            using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.BaseAddress, path)) { Content = content };
            using HttpResponseMessage response = await endpoint.Probes.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken);
            if (!response.IsSuccessStatusCode)
                return null;
            using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException or DecoderFallbackException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static long? Number(JsonElement? body, string name) =>
        body is { } known && known.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            ? number
            : null;

    private static List<int>? Numbers(JsonElement? body, string name)
    {
        if (body is not { } known || !known.TryGetProperty(name, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            return null;
        var numbers = new List<int>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int number))
                return null;
            numbers.Add(number);
        }

        return numbers;
    }
}
