using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Http;

/// <summary>Writes JSON responses.</summary>
internal static class JsonResponse
{
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Returns the bytes of one JSON object; the callback writes its members.</summary>
    public static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Sends one JSON object.</summary>
    public static Task SendAsync(HttpContext context, int status, Action<Utf8JsonWriter> write) =>
        SendAsync(context, status, "application/json; charset=utf-8", Object(write));

    /// <summary>Sends a complete body with its length.</summary>
    public static async Task SendAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Sends an error in llama-server's format, or on the routes of Anthropic's API in Anthropic's.</summary>
    public static Task SendAsync(HttpContext context, ApiException error)
    {
        // SDKs check this header before the status.
        if (error.IsFinal)
            context.Response.Headers["x-should-retry"] = "false";
        if (error.RetrySeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return SendAsync(context, error.Status, writer =>
        {
            if (IsAnthropic(context.Request.Path.Value))
                WriteAnthropicError(writer, error);
            else
                WriteError(writer, error);
        });
    }

    private static bool IsAnthropic(string? path) => path is "/v1/messages" or "/v1/messages/count_tokens";

    private static void WriteAnthropicError(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteString("type", "error");
        writer.WriteStartObject("error");
        writer.WriteString("type", error.Status switch
        {
            404 => "not_found_error",
            413 => "request_too_large",
            503 => "overloaded_error",
            >= 500 => "api_error",
            _ => "invalid_request_error",
        });
        writer.WriteString("message", error.Message);
        writer.WriteEndObject();
    }

    /// <summary>Writes the member <c>error</c>.</summary>
    public static void WriteError(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteStartObject("error");
        writer.WriteNumber("code", error.Status);
        writer.WriteString("message", error.Message);
        writer.WriteString("type", error.Type);
        if (error.PromptTokens is { } promptTokens)
            writer.WriteNumber("n_prompt_tokens", promptTokens);
        if (error.ContextTokens is { } contextTokens)
            writer.WriteNumber("n_ctx", contextTokens);
        writer.WriteEndObject();
    }
}
