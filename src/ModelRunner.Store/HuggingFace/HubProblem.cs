using System.Net;
using ModelRunner.Store.Http;
using ModelRunner.Store.Registries;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Explains the responses of Hugging Face that are errors.</summary>
internal static class HubProblem
{
    private const int MaxShown = 200;
    private const string Tokens = "huggingface.co/settings/tokens";

    /// <summary>Makes the error of a response.</summary>
    /// <param name="response">The response; its status is an error. Its body is not read.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="now">The time.</param>
    public static RemoteException Explain(OutgoingResponse response, HubRequest request, DateTimeOffset now)
    {
        DateTimeOffset? retryAt = RateLimit.EndOf(response, now);
        string host = Origins.HostOf(response.Address);
        string code = response.Header("X-Error-Code") ?? "";
        string detail = Texts.Printable(response.Header("X-Error-Message") ?? code, MaxShown) is { Length: > 0 } text ? $" ({text})" : "";
        string answer = $"{host} answered {(int)response.Status}{detail}";
        string later = RetryAfter.Describe(retryAt, now);

        if (response.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
            return Make(RemoteReason.NoSuchRange, $"{host} cannot continue {request.What}; the partial file here may be too long");

        // The address of a storage is signed for a short time. Hugging Face gives a new one.
        if (response.LeftOrigin && response.Status != HttpStatusCode.TooManyRequests)
            return Make(RemoteReason.ServerError, $"{request.What}: the storage {answer}; {later}");
        return (response.Status, code) switch
        {
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") => Make(
                RemoteReason.Denied, $"{request.What} is gated: {answer}; accept its terms at {request.PageOf}"
                + (request.HasToken ? " with the account of the token, and pull again" : ", set HF_TOKEN to a token of that account, and pull again")),
            (HttpStatusCode.Unauthorized, _) => Make(
                RemoteReason.Unauthorized, request.HasToken
                    ? $"{request.What} was not found, or is not open to the token that was sent: {answer}; check the name and the token"
                    : $"{request.What} was not found, or is private or gated: {answer}; check the name, or set HF_TOKEN to a token of {Tokens}"),
            (HttpStatusCode.Forbidden or HttpStatusCode.UnavailableForLegalReasons, _) => Make(
                RemoteReason.Denied, $"{request.What} is not allowed: {answer}; accept its terms at {request.PageOf}, or give the token the right to read it"),
            (HttpStatusCode.NotFound or HttpStatusCode.Gone, _) => Make(
                RemoteReason.NotFound, $"{request.What} was not found: {answer}; check {PartOf(code)}"),
            (HttpStatusCode.TooManyRequests, _) => Make(
                RemoteReason.RateLimited, $"{request.What}: {answer}; {later}" + (request.HasToken ? "" : ", or set HF_TOKEN to get a higher limit")),
            ( >= HttpStatusCode.InternalServerError, _) => Make(RemoteReason.ServerError, $"{request.What}: {answer}; {later}"),
            ( >= HttpStatusCode.BadRequest, _) => Make(RemoteReason.Rejected, $"{request.What} was refused: {answer}"),
            _ => Make(RemoteReason.UnexpectedAnswer, $"{request.What}: {answer}, which is no answer of Hugging Face; check HF_ENDPOINT and the proxy settings"),
        };

        RemoteException Make(RemoteReason reason, string message) => new(reason, message) { Status = response.Status, RetryAt = retryAt };
    }

    private static string PartOf(string code) => code switch
    {
        "RevisionNotFound" => "the revision",
        "EntryNotFound" => "the name of the file",
        _ => "the name of the repository",
    };
}
