using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ModelRunner.Daemon.Access;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>The names and addresses by which clients reach the daemon, for its certificate.</summary>
internal sealed class ServerNames : IEquatable<ServerNames>
{
    private ServerNames(IEnumerable<string> hosts, IEnumerable<IPAddress> addresses)
    {
        Hosts = [.. hosts.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
        Addresses = [.. addresses.Distinct().OrderBy(static address => address.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>Host names, each once, in a fixed order. A name such as <c>*.llm</c> stands for one label before the suffix.</summary>
    public IReadOnlyList<string> Hosts { get; }

    /// <summary>Addresses, each once, in a fixed order.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>Finds them. A daemon that listens on all addresses has those of all network interfaces.</summary>
    /// <param name="bind">The address on which the daemon listens.</param>
    /// <param name="allowedHosts">Host names of the configuration.</param>
    public static ServerNames Find(IPAddress bind, IReadOnlyList<string> allowedHosts)
    {
        bool isAny = bind.Equals(IPAddress.Any) || bind.Equals(IPAddress.IPv6Any);
        return new ServerNames(
            ["localhost", Dns.GetHostName(), .. HostPolicy.ContainerHosts, .. allowedHosts],
            [IPAddress.Loopback, IPAddress.IPv6Loopback, .. isAny ? OfInterfaces() : [bind]]);
    }

    public bool Equals(ServerNames? other) =>
        other is not null && Hosts.SequenceEqual(other.Hosts, StringComparer.Ordinal) && Addresses.SequenceEqual(other.Addresses);

    public override bool Equals(object? obj) => Equals(obj as ServerNames);

    public override int GetHashCode() => HashCode.Combine(Hosts.Count, Addresses.Count);

    // An address with a scope, such as fe80::1%eth0, cannot be in a certificate.
    private static IEnumerable<IPAddress> OfInterfaces()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
                .Select(static unicast => unicast.Address)
                .Where(static address => address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                .Where(static address => !address.IsIPv6LinkLocal)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
