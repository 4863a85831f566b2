using System.Net;
using System.Net.Sockets;

namespace ModelRunner.Store.Http;

/// <summary>Addresses that are not on the internet: of this machine, of its link, and of private networks.</summary>
internal static class InternalNetworks
{
    private const int MappedLength = 12;

    private static readonly IPNetwork[] Networks =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("::/127"),
        IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"),
    ];

    // The last four bytes of such an address are one of IPv4 (RFC 6052).
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether an address is internal.</summary>
    public static bool Has(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6 || (address.AddressFamily == AddressFamily.InterNetworkV6 && Translated.Contains(address)))
            address = new IPAddress(address.GetAddressBytes().AsSpan(MappedLength));
        return Networks.Any(network => network.Contains(address));
    }

    /// <summary>Whether the host of an address is internal by what is written. No name is looked up.</summary>
    public static bool Has(Uri address) => IPAddress.TryParse(address.DnsSafeHost, out IPAddress? literal)
        ? Has(literal)
        : address.Host == "localhost" || address.Host.EndsWith(".localhost", StringComparison.Ordinal);
}
