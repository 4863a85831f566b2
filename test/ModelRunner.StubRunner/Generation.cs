using System.Diagnostics;
using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>One answer in the making, and its JSON in the shapes of llama-server.</summary>
internal sealed class Generation(bool isChat, string model, int promptTokens, int limit, Stopwatch clock)
{
    private bool _isCounted;

    /// <summary>Tokens of the prompt that are computed.</summary>
    public int PromptTokens => promptTokens;

    /// <summary>The member <c>user</c> of the request; null: it has none.</summary>
    public string? User { get; init; }

    /// <summary>Tokens of the prompt that are taken from a cache.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Choices with the same words; their prompt is computed once.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>What <c>usage</c> adds to the generated tokens.</summary>
    public int UsageError { get; init; }

    /// <summary>Whether it says that a part of the prompt was left out.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>Whether the words are the arguments of a tool call.</summary>
    public bool CallsTool { get; init; }

    /// <summary>Tokens of each choice made so far.</summary>
    public int Generated { get; private set; }

    public bool HasMore => Generated < limit;

    public string Next() => (Generated == 0 ? "word" : " word") + ++Generated;

    /// <summary>True at the first call only.</summary>
    public bool TryCount() => !_isCounted && (_isCounted = true);

    public string WriteDelta(int choice, string text) => JsonText.Write(writer =>
    {
        WriteCommon(writer, isChat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices");
        WriteChoice(writer, choice, "delta", text, null);
        writer.WriteEndArray();
    });

    /// <summary>The last chunk with a choice; it carries the timings.</summary>
    public string WriteEnd(int choice, bool hasTimings) => JsonText.Write(writer =>
    {
        WriteCommon(writer, isChat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices");
        WriteChoice(writer, choice, "delta", null, "length");
        writer.WriteEndArray();
        if (hasTimings)
            WriteTimings(writer);
    });

    /// <summary>The chunk without choices that a client gets who asks for usage.</summary>
    public string WriteUsage(bool hasTimings) => JsonText.Write(writer =>
    {
        WriteCommon(writer, isChat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        WriteUsageObject(writer);
        if (hasTimings)
            WriteTimings(writer);
    });

    public string WriteWhole(string text, bool hasUsage, bool hasTimings) => JsonText.Write(writer =>
    {
        WriteCommon(writer, isChat ? "chat.completion" : "text_completion");
        if (IsTruncated)
            writer.WriteBoolean("truncated", true);
        writer.WriteStartArray("choices");
        for (int choice = 0; choice < Choices; choice++)
            WriteChoice(writer, choice, "message", text, "length");
        writer.WriteEndArray();
        if (hasUsage)
            WriteUsageObject(writer);
        if (hasTimings)
            WriteTimings(writer);
    });

    private void WriteCommon(Utf8JsonWriter writer, string kind)
    {
        writer.WriteString("id", "chatcmpl-stub");
        writer.WriteString("object", kind);
        writer.WriteNumber("created", 1_700_000_000);
        writer.WriteString("model", model);
    }

    private void WriteChoice(Utf8JsonWriter writer, int choice, string container, string? text, string? finishReason)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", choice);
        if (isChat)
        {
            writer.WriteStartObject(container);
            if (container == "message" || Generated == 1)
                writer.WriteString("role", "assistant");
            if (text is not null && CallsTool)
                WriteToolCall(writer, text);
            else if (text is not null)
                writer.WriteString("content", text);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("text", text ?? "");
        }

        writer.WriteString("finish_reason", finishReason);
        writer.WriteEndObject();
    }

    private static void WriteToolCall(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartArray("tool_calls");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        writer.WriteStartObject("function");
        writer.WriteString("arguments", text);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void WriteUsageObject(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("completion_tokens", Generated + UsageError);
        writer.WriteNumber("prompt_tokens", promptTokens + CachedTokens);
        writer.WriteNumber("total_tokens", promptTokens + CachedTokens + Generated + UsageError);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", CachedTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteTimings(Utf8JsonWriter writer)
    {
        double elapsed = Math.Max(clock.Elapsed.TotalMilliseconds, 0.001);
        writer.WriteStartObject("timings");
        writer.WriteNumber("cache_n", CachedTokens);
        writer.WriteNumber("prompt_n", promptTokens);
        writer.WriteNumber("prompt_ms", elapsed / 10);
        writer.WriteNumber("predicted_n", Generated);
        writer.WriteNumber("predicted_ms", elapsed);
        writer.WriteEndObject();
    }
}
