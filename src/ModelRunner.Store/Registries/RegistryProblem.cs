using System.Globalization;
using System.Net;
using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Http;

namespace ModelRunner.Store.Registries;

/// <summary>Explains the responses of registries that are errors.</summary>
internal static class RegistryProblem
{
    private const int MaxShown = 200;
    private const int MaxRead = 16 * 1024;

    /// <summary>Makes the error of a response.</summary>
    /// <param name="client">Reads the body.</param>
    /// <param name="response">The response; its status is an error.</param>
    /// <param name="what">What was asked for, for example <c>the manifest of docker.io/ai/x:latest</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<RemoteException> ExplainAsync(
        OutgoingClient client, OutgoingResponse response, string what, TimeProvider time, CancellationToken cancellation)
    {
        string host = Origins.HostOf(response.Address);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset? retryAt = RetryAfter.Of(response.Message, now);

        // This status comes with a length that is not the one of its body, so the body is not read.
        if (response.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            long offset = response.Message.RequestMessage?.Headers.Range?.Ranges.FirstOrDefault()?.From ?? 0;
            return Make(
                RemoteReason.NoSuchRange,
                string.Create(CultureInfo.InvariantCulture, $"{host} cannot continue {what} at byte {offset}; the partial file here may be too long"));
        }

        string detail = await DetailOfAsync(client, response, cancellation);
        string answer = $"{host} answered {(int)response.Status}{detail}";
        string later = RetryAfter.Describe(retryAt, now);

        // The address of a storage is signed for a short time. The registry gives a new one.
        if (response.LeftOrigin && response.Status is not HttpStatusCode.TooManyRequests)
            return Make(RemoteReason.ServerError, $"{what}: the storage {answer}; {later}");
        return response.Status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.Gone => Make(RemoteReason.NotFound, $"{what} was not found: {answer}; check the name and the tag"),
            HttpStatusCode.Unauthorized => Make(RemoteReason.Unauthorized, $"{what} needs a login: {answer}"),
            HttpStatusCode.Forbidden or HttpStatusCode.UnavailableForLegalReasons =>
                Make(RemoteReason.Denied, $"{what} is not allowed: {answer}; ask its owner for access"),
            HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented =>
                Make(RemoteReason.NotOffered, $"{what}: {answer}; this registry does not offer it"),
            HttpStatusCode.TooManyRequests => Make(
                RemoteReason.RateLimited, $"{what}: {answer}{RemainingOf(response)}; {later}, or log in with docker login to get a higher limit"),
            >= HttpStatusCode.InternalServerError => Make(RemoteReason.ServerError, $"{what}: {answer}; {later}"),
            >= HttpStatusCode.BadRequest => Make(RemoteReason.Rejected, $"{what} was refused: {answer}"),
            _ => Make(RemoteReason.UnexpectedAnswer, $"{what}: {answer}, which is no answer of a registry; check the name of the registry"),
        };

        RemoteException Make(RemoteReason reason, string message) => new(reason, message) { Status = response.Status, RetryAt = retryAt };
    }

    // Docker Hub: 100;w=21600 is the limit within six hours.
    private static string RemainingOf(OutgoingResponse response) =>
        response.Header("ratelimit-limit") is { } limit ? $", whose limit is {Texts.Printable(limit, 40)}" : "";

    // The form of errors: {"errors":[{"code":…,"message":…}]}. Anything else may come from a server that is no registry, and is not shown.
    private static async Task<string> DetailOfAsync(OutgoingClient client, OutgoingResponse response, CancellationToken cancellation)
    {
        byte[] body;
        try
        {
            body = await client.ReadStartAsync(response, MaxRead, cancellation);
        }
        catch (RemoteException)
        {
            return "";
        }

        string text = Texts.Printable(FirstErrorOf(body) ?? response.MediaType ?? "", MaxShown);
        return text.Length == 0 ? "" : $" ({text})";
    }

    private static string? FirstErrorOf(byte[] body)
    {
        try
        {
            return JsonDocuments.Read(body, static root =>
                root.ValueKind == JsonValueKind.Object && root.TryGetProperty("errors", out JsonElement errors) && errors.ValueKind == JsonValueKind.Array
                && errors.GetArrayLength() > 0 && errors[0].ValueKind == JsonValueKind.Object
                && JsonDocuments.Text(errors[0], "code") is { Length: > 0 } code && JsonDocuments.Text(errors[0], "message") is { } message
                    ? $"{code}: {message}"
                    : null);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
