using ModelRunner.Store.Http;
using ModelRunner.Store.Registries.Access;

namespace ModelRunner.Store.Registries;

/// <summary>A request to a registry.</summary>
/// <param name="Endpoint">The registry.</param>
/// <param name="Outgoing">The request, without credentials.</param>
/// <param name="Scopes">What a token for it must allow.</param>
/// <param name="What">What is asked for, for errors, for example <c>the manifest of docker.io/ai/x:latest</c>.</param>
internal sealed record RegistryRequest(RegistryEndpoint Endpoint, OutgoingRequest Outgoing, RegistryScopes Scopes, string What)
{
    /// <summary>Whether a failure that may pass is followed by another attempt. An upload begins anew instead.</summary>
    public bool IsRepeated { get; init; } = true;

    /// <summary>
    /// Whether the caller repeats the request after a failure that may pass, so that the attempts of both do not multiply. A registry that limits the
    /// number of requests is waited for here all the same.
    /// </summary>
    public bool LeavesTransient { get; init; }

    /// <summary>Whether the status 404 is a result and no error.</summary>
    public bool MayBeMissing { get; init; }
}
