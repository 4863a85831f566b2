using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries;

/// <summary>Decides from the headers of a response whether its body is the file that was asked for, and from which offset.</summary>
internal static class BlobAnswer
{
    /// <summary>The request's headers.</summary>
    /// <param name="offset">The first byte that is wanted.</param>
    /// <param name="etag">The ETag of the response that the earlier bytes came from; null: unknown.</param>
    public static IReadOnlyList<(string Name, string Value)> HeadersFor(long offset, string? etag)
    {
        if (offset == 0)
            return [];
        (string, string) range = ("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-"));

        // A weak ETag would turn each resumption into a new beginning (RFC 9110, section 13.1.5).
        return etag is null || etag.StartsWith("W/", StringComparison.Ordinal) ? [range] : [range, ("If-Range", etag)];
    }

    /// <summary>Opens the body of a response. The response is disposed with it, or if it is not the file.</summary>
    /// <param name="client">The client that has the response.</param>
    /// <param name="response">The response.</param>
    /// <param name="offset">The first byte that is wanted.</param>
    /// <param name="check">Gets the offset at which the body begins, and throws if the response cannot be used; null: nothing more is checked.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RemoteException">The body is not the file.</exception>
    public static async Task<RegistryBlob> OpenAsync(
        OutgoingClient client, OutgoingResponse response, long offset, Action<long>? check, CancellationToken cancellation)
    {
        try
        {
            long start = StartOf(response, offset);
            check?.Invoke(start);
            Stream body = await client.OpenBodyAsync(response, cancellation);
            return new RegistryBlob(body, start, response.Header("ETag"), Origins.HostOf(response.Address)) { Response = response };
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>The offset at which the body begins.</summary>
    /// <exception cref="RemoteException">The body is not the file.</exception>
    public static long StartOf(OutgoingResponse response, long offset)
    {
        string host = Origins.HostOf(response.Address);
        if (response.Message.Content.Headers.ContentEncoding.FirstOrDefault(static name => name != "identity") is { } encoding)
            throw Unexpected($"the file compressed with \"{Texts.Printable(encoding, 40)}\", which was not asked for");
        if (response.MediaType is "text/html" or "application/xhtml+xml")
            throw Unexpected("a web page");
        if (response.Status == HttpStatusCode.OK)
            return 0;
        if (response.Status != HttpStatusCode.PartialContent || offset == 0)
            throw Unexpected($"the status {(int)response.Status}");

        ContentRangeHeaderValue? range = response.Message.Content.Headers.ContentRange;
        return range?.From == offset
            ? offset
            : throw Unexpected($"the part \"{Texts.Printable(range?.ToString() ?? "", 60)}\" instead of the one from byte {offset}");

        RemoteException Unexpected(string what) => new(
            RemoteReason.UnexpectedAnswer,
            string.Create(CultureInfo.InvariantCulture, $"{host} was asked for a file of a model and sent {what}; check the proxy settings"))
        {
            Status = response.Status,
        };
    }
}
