using System.Text.Json;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>
/// Members of requests that llama-server supports and llama-host does not. Each is refused by its name unless its value has no effect: an
/// error is better than a response that ignores the request.
/// </summary>
internal static class NeutralMembers
{
    // These have no effect if they are false, zero or empty.
    private static readonly string[] OffWhenEmpty =
    [
        "functions", "lora", "images", "audio", "suffix", "echo", "post_sampling_probs",
        "backend_sampling", "return_tokens", "return_progress", "timings_per_token", "verbose", "response_fields", "n_indent", "n_keep",
        "n_discard", "n_cache_reuse", "grammar_lazy", "grammar_triggers", "preserved_tokens", "chat_format", "thinking_forced_open",
        "continue_final_message", "chat_template", "chat_template_kwargs", "web_search_options",
    ];

    // These have no effect if they have one of these values, each as raw JSON.
    private static readonly (string Name, string[] Values)[] OffWhenEqual =
    [
        ("best_of", ["1"]), ("n_cmpl", ["1"]), ("id_slot", ["-1"]), ("t_max_predict_ms", ["-1", "0"]), ("t_max_prompt_ms", ["-1", "0"]),
        ("reasoning_budget_tokens", ["-1"]), ("reasoning_format", ["\"none\""]), ("reasoning_effort", ["\"none\""]),
        ("function_call", ["\"none\""]), ("modalities", ["[\"text\"]"]),
    ];

    private const string Drafting = "speculative.";

    /// <summary>Refuses a request that needs one of them.</summary>
    /// <exception cref="ApiException">The request needs one of them.</exception>
    public static void Check(RequestBody body)
    {
        foreach (JsonProperty member in body.Members())
        {
            if (IsRefused(member.Name, member.Value))
                throw ApiException.NeedsLlamaServer($"\"{member.Name}\" with the value {RequestBody.Shown(member.Value)}");
        }
    }

    private static bool IsRefused(string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return false;
        if (OffWhenEmpty.Contains(name, StringComparer.Ordinal) || name.StartsWith(Drafting, StringComparison.Ordinal))
            return !IsEmpty(value);
        int at = Array.FindIndex(OffWhenEqual, known => known.Name == name);
        return at >= 0 && !OffWhenEqual[at].Values.Any(neutral => JsonElement.DeepEquals(value, Parse(neutral)));
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.ValueEquals(""u8),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().MoveNext(),
        _ => false,
    };
}
