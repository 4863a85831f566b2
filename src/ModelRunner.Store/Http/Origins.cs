using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>Scheme, host and port of addresses.</summary>
internal static class Origins
{
    /// <summary>What may be shown of an address: paths can be long, and queries can be secrets.</summary>
    public static string Of(Uri address) => $"{address.Scheme}://{HostOf(address)}";

    /// <summary>Host, and port if it is not the one of the scheme.</summary>
    public static string HostOf(Uri address) => address.IsDefaultPort ? address.Host : $"{address.Host}:{address.Port}";

    /// <summary>Whether two addresses have the same scheme, host and port.</summary>
    public static bool AreSame(Uri first, Uri second) =>
        first.Scheme == second.Scheme && first.Port == second.Port && string.Equals(first.Host, second.Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the host is this machine by its name or address. No name is looked up.</summary>
    public static bool IsLoopback(Uri address) =>
        address.Host == "localhost" || (IPAddress.TryParse(address.DnsSafeHost, out IPAddress? literal) && IPAddress.IsLoopback(literal));
}
