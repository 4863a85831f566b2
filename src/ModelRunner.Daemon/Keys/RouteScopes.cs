using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Keys;

/// <summary>Names the scopes of routes.</summary>
internal static class RouteScopes
{
    /// <summary>Callers of the route need this scope.</summary>
    public static void Requires(this IEndpointConventionBuilder route, KeyScopes scope) => route.WithMetadata(new RequiredScope(scope));

    /// <summary>Every key is enough for the route.</summary>
    public static void AcceptsEveryKey(this IEndpointConventionBuilder route) => route.Requires(KeyScopes.None);
}
