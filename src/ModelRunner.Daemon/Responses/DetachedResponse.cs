using Microsoft.AspNetCore.Http.Features;

namespace ModelRunner.Daemon.Responses;

/// <summary>Status and headers of a response whose real headers were sent before.</summary>
/// <param name="sent">The real response.</param>
internal sealed class DetachedResponse(IHttpResponseFeature sent) : IHttpResponseFeature
{
    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    /// <summary>Only <see cref="WaitingStream"/> replaces the body, by another feature.</summary>
    public Stream Body { get; set; } = Stream.Null;

    /// <summary>Whether a part of this response was sent.</summary>
    public bool HasStarted { get; set; }

    /// <summary>Whether what is written now are the events of a successful stream.</summary>
    public bool IsEventStream => StatusCode == StatusCodes.Status200OK
        && Headers.ContentType.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);

    public void OnStarting(Func<object, Task> callback, object state)
    {
    }

    public void OnCompleted(Func<object, Task> callback, object state) => sent.OnCompleted(callback, state);
}
