using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace ModelRunner.Daemon.Responses;

/// <summary>
/// The event stream of a request that waits for its runner. Its headers are sent before there is a response, so that proxies and clients see that
/// the connection lives, and comments follow, which readers of event streams skip. From then on the rest of the daemon sees a response that has
/// not started: a status, headers and a body may be set, but only the events of a successful stream reach the client as they are. Everything else
/// becomes one error event. Not thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The body holds only memory, and the request uses it to its end.")]
internal sealed class WaitingStream
{
    private static readonly byte[] Comment = ": waiting for the model\n\n"u8.ToArray();

    private readonly HttpContext _context;
    private readonly Stream _client;
    private readonly DetachedResponse _response;
    private readonly WaitingBody _body;
    private readonly bool _namesEvents;

    private WaitingStream(HttpContext context, bool namesEvents)
    {
        (_context, _namesEvents, _client) = (context, namesEvents, context.Response.Body);
        _response = new DetachedResponse(context.Features.GetRequiredFeature<IHttpResponseFeature>());
        _body = new WaitingBody(_client, _response);
    }

    /// <summary>The stream of a request; null: its response has not begun to wait.</summary>
    public static WaitingStream? Of(HttpContext context) => context.Features.Get<WaitingStream>();

    /// <summary>Sends the headers and a first comment.</summary>
    /// <param name="context">The request. Nothing of its response was sent before.</param>
    /// <param name="namesEvents">Whether the events of the route have names, as those of Anthropic's messages and of OpenAI's responses.</param>
    /// <param name="cancellationToken">Cancelled when the client leaves.</param>
    public static async Task<WaitingStream> BeginAsync(HttpContext context, bool namesEvents, CancellationToken cancellationToken)
    {
        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        await response.StartAsync(cancellationToken);
        var stream = new WaitingStream(context, namesEvents);
        IHttpResponseBodyFeature body = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        context.Features.Set(stream);
        context.Features.Set<IHttpResponseFeature>(stream._response);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(stream._body, body));
        await stream.PingAsync(cancellationToken);
        return stream;
    }

    /// <summary>Sends another comment. Only while nothing else was sent.</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        await _client.WriteAsync(Comment, cancellationToken);
        await _client.FlushAsync(cancellationToken);
    }

    /// <summary>Ends the stream with an error, unless events of the runner were sent.</summary>
    public async Task EndAsync(ApiError error)
    {
        if (_response.HasStarted)
            return;
        await WriteEventAsync(json => ApiErrorShape.Write(json, _context, error));
    }

    /// <summary>The runner's response has ended. If it was no event stream, the client gets it as an error event.</summary>
    public async Task FinishAsync()
    {
        if (_response.HasStarted)
            return;
        if (_response.StatusCode >= StatusCodes.Status400BadRequest && ReadObject() is { } document)
        {
            using (document)
                await WriteEventAsync(document.RootElement.WriteTo);
            return;
        }

        await EndAsync(new ApiError(
            StatusCodes.Status502BadGateway,
            $"the engine answered a request for a stream with status {_response.StatusCode} and no events; send the request without \"stream\"",
            ApiError.Server, "no_stream"));
    }

    private JsonDocument? ReadObject()
    {
        try
        {
            var document = JsonDocument.Parse(_body.Held);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error"u8, out _))
                return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task WriteEventAsync(Action<Utf8JsonWriter> write)
    {
        using var text = new MemoryStream();
        text.Write(_namesEvents ? "event: error\ndata: "u8 : "data: "u8);
        await using (var json = new Utf8JsonWriter(text))
            write(json);
        text.Write("\n\n"u8);
        _response.HasStarted = true;
        await _client.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), _context.RequestAborted);
        await _client.FlushAsync(_context.RequestAborted);
    }
}
