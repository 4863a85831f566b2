using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Access;

/// <summary>The rules of one version of the settings. Immutable.</summary>
/// <param name="Hosts">The host names that are served.</param>
/// <param name="Origins">The web pages that may call the API.</param>
internal sealed record AccessRules(HostPolicy Hosts, OriginPolicy Origins)
{
    /// <summary>The rules that the settings describe.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="requiresKey">Returns whether clients on TCP must send a key.</param>
    public static AccessRules Of(DaemonSettings settings, Func<bool> requiresKey) => new(new HostPolicy(settings, requiresKey), new OriginPolicy(settings));
}
