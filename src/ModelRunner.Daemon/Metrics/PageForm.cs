using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The form of a page. Scrapes share a page only if it is the same.</summary>
/// <param name="Exposition">Format and name escaping.</param>
/// <param name="UseGzip">Whether the page is compressed with gzip.</param>
/// <param name="MayBeParted">Whether the page may be sent in parts.</param>
internal readonly record struct PageForm(NegotiatedExposition Exposition, bool UseGzip, bool MayBeParted)
{
    /// <summary>Whether the client can detect a truncated page without knowing its length: HTTP/1.0 cannot.</summary>
    public static bool MayPart(HttpRequest request) => !HttpProtocol.IsHttp10(request.Protocol);
}
