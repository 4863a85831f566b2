using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>Embeddings of four numbers that depend on the text's length only.</summary>
internal sealed class EmbeddingEndpoint(StubArguments arguments, StubFaults faults, StubState state)
{
    public async Task HandleAsync(StubRequest request, StubResponse response, CancellationToken clientLeft)
    {
        if (!arguments.HasEmbeddings)
        {
            await response.SendErrorAsync(501, "This server does not support embeddings. Start it with `--embeddings`", "not_supported_error");
            return;
        }

        using var body = JsonDocument.Parse(request.Body);
        JsonElement input = body.RootElement.GetProperty("input");
        JsonElement[] texts = input.ValueKind == JsonValueKind.Array ? [.. input.EnumerateArray()] : [input];
        int tokens = TokenCount.Of(input);
        state.Counters.CountPrompt(tokens);
        StubJournal.Write(faults, StubJournal.UserOf(body.RootElement), tokens, generated: 0);
        bool isBase64 = body.RootElement.TryGetProperty("encoding_format", out JsonElement format) && format.ValueEquals("base64");

        await response.SendJsonAsync(200, JsonText.Write(writer =>
        {
            writer.WriteString("model", arguments.ModelName);
            writer.WriteString("object", "list");
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", tokens);
            writer.WriteNumber("total_tokens", tokens);
            writer.WriteEndObject();
            writer.WriteStartArray("data");
            for (int i = 0; i < texts.Length; i++)
                WriteVector(writer, i, [1, 0, texts[i].GetRawText().Length, i], isBase64);
            writer.WriteEndArray();
        }));
    }

    private static void WriteVector(Utf8JsonWriter writer, int index, float[] vector, bool isBase64)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "embedding");
        writer.WriteNumber("index", index);
        if (isBase64)
        {
            byte[] bytes = new byte[vector.Length * sizeof(float)];
            Buffer.BlockCopy(vector, 0, bytes, 0, bytes.Length);
            writer.WriteBase64String("embedding", bytes);
        }
        else
        {
            writer.WriteStartArray("embedding");
            foreach (float number in vector)
                writer.WriteNumberValue(number);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
