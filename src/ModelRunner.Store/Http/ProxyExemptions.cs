using System.Net;

namespace ModelRunner.Store.Http;

/// <summary>The hosts of NO_PROXY, with the meaning of Go's programs (golang.org/x/net/http/httpproxy).</summary>
/// <remarks>
/// <c>*</c> is every host; <c>example.com</c> is this host and all below it; <c>.example.com</c> and <c>*.example.com</c> are only those below
/// it; <c>10.0.0.0/8</c> is a network and <c>10.1.2.3</c> an address; a port limits an entry to this port.
/// </remarks>
internal sealed class ProxyExemptions
{
    private readonly List<(string Name, bool IsSuffixOnly, int? Port)> _names = [];
    private readonly List<(IPAddress Address, int? Port)> _addresses = [];
    private readonly List<IPNetwork> _networks = [];
    private bool _coversAll;

    private ProxyExemptions()
    {
    }

    /// <summary>Reads the list. Entries are separated by commas or spaces.</summary>
    public static ProxyExemptions Parse(string? list)
    {
        var exemptions = new ProxyExemptions();
        foreach (string entry in (list ?? "").Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            exemptions.Add(entry.ToLowerInvariant());
        return exemptions;
    }

    /// <summary>Whether a host is asked directly. No name is looked up.</summary>
    public bool Cover(Uri address)
    {
        if (_coversAll)
            return true;
        string host = address.IdnHost.ToLowerInvariant().TrimEnd('.');
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            literal = literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal;
            return _networks.Exists(network => network.Contains(literal))
                || _addresses.Exists(entry => entry.Address.Equals(literal) && (entry.Port ?? address.Port) == address.Port);
        }

        return _names.Exists(entry => (entry.Port ?? address.Port) == address.Port
            && ((!entry.IsSuffixOnly && host == entry.Name) || host.EndsWith("." + entry.Name, StringComparison.Ordinal)));
    }

    private void Add(string entry)
    {
        if (entry == "*")
            _coversAll = true;
        else if (ReadNetwork(entry) is { } network)
            _networks.Add(network);
        else if (TryReadAddress(entry, out IPAddress? address, out int? port))
            _addresses.Add((address!, port));
        else
            AddName(entry);
    }

    private void AddName(string entry)
    {
        int? port = null;
        if (entry.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(entry.AsSpan(colon + 1), out ushort number))
            (entry, port) = (entry[..colon], number);
        bool isSuffixOnly = entry.StartsWith("*.", StringComparison.Ordinal) || entry.StartsWith('.');
        string name = entry.TrimStart('*').Trim('.');
        if (name.Length > 0)
            _names.Add((name, isSuffixOnly, port));
    }

    // .NET refuses a network that is written with the address of one of its hosts, for example 10.1.2.3/8. Go takes it.
    private static IPNetwork? ReadNetwork(string entry)
    {
        string[] parts = entry.Split('/');
        if (parts.Length != 2 || !IPAddress.TryParse(parts[0], out IPAddress? address) || !byte.TryParse(parts[1], out byte length))
            return null;
        byte[] bytes = address.GetAddressBytes();
        if (length > bytes.Length * 8)
            return null;
        for (int bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static bool TryReadAddress(string entry, out IPAddress? address, out int? port)
    {
        port = null;
        if (IPAddress.TryParse(entry.Trim('[', ']'), out address))
            return true;
        if (!IPEndPoint.TryParse(entry, out IPEndPoint? endPoint))
            return false;
        (address, port) = (endPoint.Address, endPoint.Port);
        return true;
    }
}
