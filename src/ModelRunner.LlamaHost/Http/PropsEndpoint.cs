using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary><c>/props</c>: the properties of the model that clients of llama-server read.</summary>
internal sealed class PropsEndpoint(HostState state)
{
    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        LoadedModel model = state.RequireEngine().Model;
        return JsonResponse.SendAsync(context, 200, writer =>
        {
            writer.WriteStartObject("default_generation_settings");
            writer.WriteNumber("n_ctx", model.SlotTokens);
            writer.WriteEndObject();
            writer.WriteNumber("total_slots", model.SlotCount);
            writer.WriteString("model_alias", state.Settings.ModelName);
            writer.WriteString("model_path", state.Settings.ModelPath);
            writer.WriteStartObject("modalities");
            writer.WriteBoolean("vision", false);
            writer.WriteBoolean("audio", false);
            writer.WriteEndObject();
            writer.WriteBoolean("endpoint_slots", false);
            writer.WriteBoolean("endpoint_props", false);
            writer.WriteBoolean("endpoint_metrics", state.Settings.HasMetrics);
            writer.WriteString("chat_template", model.ChatTemplate.Text);
            writer.WriteString("build_info", BuildInfo.Text);
            writer.WriteBoolean("is_sleeping", false);
        });
    }
}
