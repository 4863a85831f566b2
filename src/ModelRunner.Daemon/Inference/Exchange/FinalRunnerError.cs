using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ModelRunner.Daemon.Engines;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>
/// Engine errors that the client caused, although their status says that the server failed: 501 for a function that an engine or a model
/// does not have, and each 500 in <see cref="KnownErrors"/>. Also the 404 of an engine that does not have the route: it names no cause.
/// Clients retry such a status, some for minutes, and fail each time. They get 400 here, and <c>x-should-retry: false</c>.
/// </summary>
internal static class FinalRunnerError
{
    /// <summary>A longer body is not such an error.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>Sends a 400 if the engine's response is such an error.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="response">The engine's response.</param>
    /// <param name="model">The model, as clients name it.</param>
    /// <param name="path">The path at the engine.</param>
    /// <param name="end">Counts the request before the response is sent.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    /// <returns>Whether a response was sent.</returns>
    public static async ValueTask<bool> TryRespondAsync(
        HttpContext context, HttpResponseMessage response, string model, string path, ResponseEnd end, CancellationToken cancellationToken)
    {
        if (response.StatusCode is not (HttpStatusCode.NotImplemented or HttpStatusCode.InternalServerError or HttpStatusCode.NotFound))
            return false;
        if (response.Content.Headers.ContentLength > MaxBytes || response.Content.Headers.ContentType?.MediaType is "text/event-stream")
            return false;

        if (await PeekAsync(response, cancellationToken) is not { } body)
            return false;
        string? message = ReadMessage(body);
        if (Explain(response.StatusCode, message, model, path) is not { } known)
            return false;
        end.Record.SetStatus(StatusCodes.Status400BadRequest);
        await end.CompleteAsync();
        await WriteAsync(context, known.Message, known.Code, end, cancellationToken);
        return true;
    }

    private static (string Code, string Message)? Explain(HttpStatusCode status, string? message, string model, string path) => status switch
    {
        HttpStatusCode.NotImplemented => (KnownError.Unsupported, message ?? "the engine does not support this request"),
        HttpStatusCode.NotFound when message is not null && KnownErrors.IsUnknownPath(message) =>
            (KnownError.Unsupported, $"the engine of model \"{model}\" has no {path}"),
        HttpStatusCode.InternalServerError when message is not null => KnownErrors.Find(message),
        _ => null,
    };

    /// <summary>Reads the body; null if it is longer. The message keeps the body, so that it can still be forwarded.</summary>
    private static async ValueTask<byte[]?> PeekAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        HttpContent inner = response.Content;
        PipeReader reader = PipeReader.Create(await inner.ReadAsStreamAsync(cancellationToken));
        ReadResult read = await reader.ReadAtLeastAsync(MaxBytes + 1, cancellationToken);
        byte[]? body = read.Buffer.Length <= MaxBytes ? read.Buffer.ToArray() : null;
        reader.AdvanceTo(read.Buffer.Start);

        response.Content = new ResponseContent(inner, _ => reader.AsStream());
        foreach ((string name, HeaderStringValues values) in inner.Headers.NonValidated)
            response.Content.Headers.TryAddWithoutValidation(name, values);
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

    private static async Task WriteAsync(HttpContext context, string message, string code, ResponseEnd end, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await using (var json = new Utf8JsonWriter(body))
        {
            // The first member is for Anthropic's clients; other clients ignore it.
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

        end.Copy?.Append(body.GetBuffer().AsSpan(0, (int)body.Length));
        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status400BadRequest;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers["x-should-retry"] = "false";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), cancellationToken);
    }
}
