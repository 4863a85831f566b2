using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>
/// A request to a registry or to Hugging Face brought nothing. The message is one line for users. It has no credentials and no query of an
/// address, because signed addresses are secrets.
/// </summary>
internal sealed class RemoteException(RemoteReason reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public RemoteReason Reason { get; } = reason;

    /// <summary>The status of the response; null: there was none.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>When the server allows the next attempt; null: it did not say.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Whether the same request may succeed a little later.</summary>
    public bool IsTransient =>
        Reason is RemoteReason.NoAnswer or RemoteReason.ConnectionLost or RemoteReason.Stalled or RemoteReason.ServerError;
}
