namespace ModelRunner.Store.Http;

/// <summary>Who may be asked without TLS: this machine, and hosts that the user listed.</summary>
internal static class PlainHttpRule
{
    /// <summary>Whether plain http is allowed.</summary>
    public static bool Allows(Uri address, IReadOnlyList<string> listed) =>
        Origins.IsLoopback(address) || listed.Contains(Origins.HostOf(address), StringComparer.OrdinalIgnoreCase)
        || listed.Contains($"{address.Host}:{address.Port}", StringComparer.OrdinalIgnoreCase);

    /// <exception cref="RemoteException">The address is plain http, and that is not allowed.</exception>
    public static void Check(Uri address, IReadOnlyList<string> listed)
    {
        if (address.Scheme != Uri.UriSchemeHttps && !Allows(address, listed))
            throw new RemoteException(
                RemoteReason.PlainHttp,
                $"{Origins.Of(address)} was not asked: plain http is for this machine only; use a server that speaks https");
    }
}
