using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>Scores documents by their length.</summary>
internal sealed class RerankEndpoint(StubArguments arguments, StubState state)
{
    public async Task HandleAsync(StubRequest request, StubResponse response, CancellationToken clientLeft)
    {
        if (!arguments.HasReranking)
        {
            await response.SendErrorAsync(501, "This server does not support reranking. Start it with `--reranking`", "not_supported_error");
            return;
        }

        using var body = JsonDocument.Parse(request.Body);
        JsonElement documents = body.RootElement.GetProperty("documents");
        int tokens = TokenCount.Of(documents) + TokenCount.Of(body.RootElement.GetProperty("query"));
        state.Counters.CountPrompt(tokens);

        await response.SendJsonAsync(200, JsonText.Write(writer =>
        {
            writer.WriteString("model", arguments.ModelName);
            writer.WriteString("object", "list");
            writer.WriteStartObject("usage");
            writer.WriteNumber("prompt_tokens", tokens);
            writer.WriteNumber("total_tokens", tokens);
            writer.WriteEndObject();
            writer.WriteStartArray("results");
            int index = 0;
            foreach (JsonElement document in documents.EnumerateArray())
            {
                writer.WriteStartObject();
                writer.WriteNumber("index", index++);
                writer.WriteNumber("relevance_score", document.GetRawText().Length);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }));
    }
}
