using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;

namespace ModelRunner.Daemon.Access;

/// <summary>The rules of one version of the settings. Immutable.</summary>
/// <param name="Hosts">The host names that are served.</param>
/// <param name="Origins">The web pages that may call the API.</param>
/// <param name="Keys">The keys that clients send.</param>
internal sealed record AccessRules(HostPolicy Hosts, OriginPolicy Origins, KeyPolicy Keys)
{
    /// <summary>The rules that the settings describe.</summary>
    public static AccessRules Of(DaemonSettings settings, TimeProvider time) =>
        new(new HostPolicy(settings), new OriginPolicy(settings), new KeyPolicy(KeyRing.Of(settings), time));
}
