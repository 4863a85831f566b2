using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Keys;

/// <summary>Metadata of a route: the scope that its callers need.</summary>
/// <param name="Scope">The scope; <see cref="KeyScopes.None"/>: every key is enough.</param>
internal sealed record RequiredScope(KeyScopes Scope)
{
    /// <summary>
    /// The scope that a request needs. A route that names none needs <see cref="KeyScopes.Admin"/>, so that a new route is not open by mistake.
    /// A request without a route needs none: its response is an error.
    /// </summary>
    public static KeyScopes Of(Endpoint? endpoint) => endpoint is RouteEndpoint
        ? endpoint.Metadata.GetMetadata<RequiredScope>()?.Scope ?? KeyScopes.Admin
        : KeyScopes.None;
}
