using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary><c>/v1/models</c>: the one model, in OpenAI's list.</summary>
internal sealed class ModelsEndpoint(HostState state)
{
    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        LoadedModel model = state.RequireEngine().Model;
        return JsonResponse.SendAsync(context, 200, writer =>
        {
            writer.WriteString("object", "list");
            writer.WriteStartArray("data");
            writer.WriteStartObject();
            writer.WriteString("id", state.Settings.ModelName);
            writer.WriteString("object", "model");
            writer.WriteNumber("created", state.UnixSeconds());
            writer.WriteString("owned_by", "llamacpp");
            writer.WriteStartObject("meta");
            writer.WriteNumber("n_vocab", model.Model.Vocab.Count);
            writer.WriteNumber("n_ctx", model.SlotTokens);
            writer.WriteNumber("n_ctx_train", model.Model.ContextSize);
            writer.WriteNumber("n_embd", model.Model.EmbeddingSize);
            writer.WriteNumber("n_params", model.Model.ParameterCount);
            writer.WriteNumber("size", model.Model.SizeInBytes);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
        });
    }
}
