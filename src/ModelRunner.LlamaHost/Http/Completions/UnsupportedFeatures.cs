using System.Text.Json;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>
/// What requests can ask of llama-server and not of llama-host. It is refused rather than ignored: an answer that is not what was asked for
/// is worse than none.
/// </summary>
internal static class UnsupportedFeatures
{
    private static readonly string[] Lists = ["tools", "functions", "lora", "images", "samplers"];
    private static readonly string[] Values =
        ["grammar", "json_schema", "suffix", "audio", "logprobs", "top_logprobs", "n_probs", "echo", "mirostat", "dynatemp_range"];

    /// <summary>Refuses a request that asks for one of them.</summary>
    /// <exception cref="ApiException">It does.</exception>
    public static void Refuse(RequestBody body)
    {
        foreach (string name in Lists)
        {
            if (body.Find(name) is { } value && !IsEmpty(value))
                throw ApiException.NeedsLlamaServer($"\"{name}\"");
        }

        foreach (string name in Values)
        {
            if (body.Find(name) is { } value && !IsOff(value))
                throw ApiException.NeedsLlamaServer($"\"{name}\"");
        }

        if (body.Find("response_format") is { } format && !IsPlainText(format))
            throw ApiException.NeedsLlamaServer("\"response_format\" other than text");
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    private static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.ValueEquals(""u8),
        _ => false,
    };

    private static bool IsPlainText(JsonElement format) =>
        format.ValueKind == JsonValueKind.Object
        && format.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String
        && type.ValueEquals("text"u8);
}
