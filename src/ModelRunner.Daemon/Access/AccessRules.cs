using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Access;

/// <summary>The rules of one version of the settings. Immutable.</summary>
/// <param name="Hosts">The host names that are served.</param>
/// <param name="Origins">The web pages that may call the API.</param>
/// <param name="Keys">The key that clients must send.</param>
internal sealed record AccessRules(HostPolicy Hosts, OriginPolicy Origins, KeyPolicy Keys)
{
    /// <summary>The rules that the settings describe.</summary>
    public static AccessRules Of(DaemonSettings settings) => new(new HostPolicy(settings), new OriginPolicy(settings), new KeyPolicy(settings));
}
