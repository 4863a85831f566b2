using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.Daemon.Responses;

/// <summary>Sends JSON that is written completely before it is sent, with its length.</summary>
internal static class JsonResponse
{
    private static readonly JsonWriterOptions Options = new()
    {
        // The responses are JSON, not HTML, so non-ASCII letters need no escape.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Writes the response.</summary>
    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(body, Options))
            write(json);

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.WrittenCount;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }
}
