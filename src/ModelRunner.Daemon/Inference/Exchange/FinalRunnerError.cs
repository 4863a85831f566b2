using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Errors of engines that the client caused, though their status says that the server failed: 501 for what an engine or a model cannot do,
/// llama-server's 500 for a picture or a sound that the model has no projector for, and its 500 for an input that is longer than the context.
/// Clients retry such a status, some for minutes, and get the same answer each time. They get 400 here, and <c>x-should-retry: false</c>.
/// </summary>
internal static class FinalRunnerError
{
    /// <summary>Longer bodies are no such errors.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>What llama-server says of a picture or a sound that it has no projector for.</summary>
    private const string UnsupportedInput = "input is not supported";

    /// <summary>
    /// What llama-server says of an embedding or reranking input beyond its batch, which the daemon makes as large as the context. The rest of
    /// its message is advice for the person who starts llama-server.
    /// </summary>
    private const string LongInput = "is too large to process";

    /// <summary>Answers in the engine's place where it gave such an error.</summary>
    /// <returns>Whether the client was answered.</returns>
    public static async ValueTask<bool> TryAnswerAsync(
        HttpContext context, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        bool isNotImplemented = answer.StatusCode == HttpStatusCode.NotImplemented;
        if (!isNotImplemented && answer.StatusCode != HttpStatusCode.InternalServerError)
            return false;
        if (answer.Content.Headers.ContentLength > MaxBytes || answer.Content.Headers.ContentType?.MediaType is "text/event-stream")
            return false;

        if (await PeekAsync(answer, cancellationToken) is not { } body)
            return false;
        string? message = ReadMessage(body);
        if (isNotImplemented || message?.Contains(UnsupportedInput, StringComparison.OrdinalIgnoreCase) == true)
            await WriteAsync(context, message ?? "the engine does not support this request", "unsupported_by_model", cancellationToken);
        else if (message?.IndexOf(LongInput, StringComparison.OrdinalIgnoreCase) is >= 0 and int start)
            await WriteAsync(
                context, $"{message[..(start + LongInput.Length)]}; send a shorter input, or raise contextSize in the configuration of the model",
                "context_length_exceeded", cancellationToken);
        else
            return false;
        return true;
    }

    /// <summary>The body; null where it is longer. It stays in the message, so that it can still be forwarded as it is.</summary>
    private static async ValueTask<byte[]?> PeekAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        HttpContent inner = answer.Content;
        PipeReader reader = PipeReader.Create(await inner.ReadAsStreamAsync(cancellationToken));
        ReadResult read = await reader.ReadAtLeastAsync(MaxBytes + 1, cancellationToken);
        byte[]? body = read.Buffer.Length <= MaxBytes ? read.Buffer.ToArray() : null;
        reader.AdvanceTo(read.Buffer.Start);

        answer.Content = new ResponseContent(inner, _ => reader.AsStream());
        foreach ((string name, HeaderStringValues values) in inner.Headers.NonValidated)
            answer.Content.Headers.TryAddWithoutValidation(name, values);
        return body;
    }

    private static string? ReadMessage(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error"u8, out JsonElement error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message"u8, out JsonElement message)
                && message.ValueKind == JsonValueKind.String
                ? message.GetString()
                : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task WriteAsync(HttpContext context, string message, string code, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body))
        {
            // The first member is Anthropic's; other clients pass over it.
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, message);
            json.WriteString("type"u8, "invalid_request_error"u8);
            json.WriteNull("param"u8);
            json.WriteString("code"u8, code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status400BadRequest;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers["x-should-retry"] = "false";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), cancellationToken);
    }
}
