using System.Net.Sockets;

namespace ModelRunner.Store.Http;

/// <summary>What went wrong while a request was sent, for users.</summary>
internal static class Failures
{
    private const string HelpForTrust =
        "an authority of your own, such as that of a proxy that inspects TLS, needs to be in a PEM file: name it with registries.caFile in model-runner.json";

    /// <summary>Explains a failure.</summary>
    /// <param name="failure">What .NET threw.</param>
    /// <param name="address">Where the request went.</param>
    /// <param name="isOutOfTime">Whether the time for the headers was over.</param>
    /// <param name="settings">The limits.</param>
    public static RemoteException Explain(Exception failure, Uri address, bool isOutOfTime, OutgoingSettings settings)
    {
        string? proxy = settings.Proxies.DescribeFor(address);
        string host = proxy is null ? Origins.HostOf(address) : $"{Origins.HostOf(address)} through the proxy {proxy}";
        (RemoteReason reason, string message) = failure switch
        {
            OperationCanceledException => ExplainTimeout(host, isOutOfTime, settings),
            _ when CauseOf<CertificateException>(failure) is { } certificate =>
                (RemoteReason.Untrusted, $"the server {host} is not trusted: {certificate.Message}; {HelpForTrust}"),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } refusal =>
                (RemoteReason.ProxyFailed, $"no connection to {host}: the proxy refused ({StatusOf(refusal)}); check HTTPS_PROXY and NO_PROXY"),
            HttpRequestException request => Explain(request.HttpRequestError, Detail(failure), host),
            _ => Explain(HttpRequestError.Unknown, "", host),
        };
        return new RemoteException(reason, message, failure);
    }

    /// <summary>The proxy of an address wants other credentials, or some.</summary>
    public static RemoteException ProxyLogin(Uri address, OutgoingSettings settings) => new(
        RemoteReason.ProxyFailed,
        $"the proxy {settings.Proxies.DescribeFor(address) ?? "of this network"} wants a user name and a password for {Origins.HostOf(address)}; "
        + "write them into the variable: http://USER:PASSWORD@HOST:PORT");

    /// <summary>Whether a server that was asked by https answered, but does not speak TLS.</summary>
    public static bool IsNoTls(RemoteException failure) =>
        failure.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } inner
        && CauseOf<CertificateException>(inner) is null;

    /// <summary>Whether no connection was made, because it would have gone to an internal address.</summary>
    public static bool IsInternal(Exception failure) => CauseOf<InternalAddressException>(failure) is not null;

    private static (RemoteReason Reason, string Message) Explain(HttpRequestError error, string detail, string host) => error switch
    {
        HttpRequestError.NameResolutionError => (RemoteReason.Unreachable, $"no address for {host}: {detail}; check the name and the network"),
        HttpRequestError.ConnectionError => (RemoteReason.Unreachable, $"no connection to {host}: {detail}; check the name, the port and the network"),
        HttpRequestError.SecureConnectionError => (RemoteReason.Untrusted, $"no TLS connection to {host}: {detail}; check that the port speaks https"),
        HttpRequestError.InvalidResponse => (RemoteReason.UnexpectedAnswer, $"{host} does not speak HTTP; check the port"),
        _ => (RemoteReason.ConnectionLost, $"the connection to {host} broke before a response came; try again"),
    };

    private static (RemoteReason Reason, string Message) ExplainTimeout(string host, bool isOutOfTime, OutgoingSettings settings) => isOutOfTime
        ? (RemoteReason.NoAnswer, FormattableString.Invariant(
            $"{host} did not answer within {settings.HeadersTimeout.TotalSeconds:0.#} s, which is the limit; try again"))
        : (RemoteReason.Unreachable, FormattableString.Invariant(
            $"no connection to {host} within {settings.ConnectTimeout.TotalSeconds:0.#} s, which is the limit; check the network and the proxy settings"));

    private static string StatusOf(Exception failure) =>
        failure is HttpRequestException { StatusCode: { } status } ? $"status {(int)status}" : Detail(failure);

    private static string Detail(Exception failure)
    {
        Exception cause = CauseOf<SocketException>(failure) ?? failure.GetBaseException();
        return Texts.Printable(cause.Message, 160).TrimEnd('.');
    }

    private static T? CauseOf<T>(Exception failure)
        where T : Exception
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
            if (cause is T found)
                return found;
        return null;
    }
}
