using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>A response whose body has not been read yet.</summary>
/// <param name="Message">Status, headers and body. This object owns it.</param>
/// <param name="Address">Where it came from, after all redirects.</param>
/// <param name="LeftOrigin">Whether a redirect led to another server. That server did not get the credentials.</param>
internal sealed record OutgoingResponse(HttpResponseMessage Message, Uri Address, bool LeftOrigin) : IDisposable
{
    public HttpStatusCode Status => Message.StatusCode;

    /// <summary>The type of the body without parameters, in lower case; null: the server did not give one.</summary>
    public string? MediaType => Message.Content.Headers.ContentType?.MediaType?.ToLowerInvariant();

    /// <summary>The first value of a header; null: there is none.</summary>
    public string? Header(string name) =>
        Message.Headers.TryGetValues(name, out IEnumerable<string>? values) || Message.Content.Headers.TryGetValues(name, out values)
            ? values.FirstOrDefault()
            : null;

    public void Dispose() => Message.Dispose();

    /// <summary>The query of an address can be a secret.</summary>
    public override string ToString() => $"{(int)Status} from {Origins.Of(Address)}";
}
