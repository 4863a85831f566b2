using ModelRunner.Store.Http;

namespace ModelRunner.Store.HuggingFace;

/// <summary>A request to Hugging Face.</summary>
/// <param name="Outgoing">The request with its token, if there is one.</param>
/// <param name="What">What is asked for, for errors.</param>
/// <param name="PageOf">The page of the repository, where a person accepts its terms.</param>
internal sealed record HubRequest(OutgoingRequest Outgoing, string What, string PageOf)
{
    /// <summary>Whether a token is sent.</summary>
    public bool HasToken => Outgoing.Authorization is not null;

    /// <summary>Whether the caller repeats the request after a failure that may pass.</summary>
    public bool LeavesTransient { get; init; }
}
