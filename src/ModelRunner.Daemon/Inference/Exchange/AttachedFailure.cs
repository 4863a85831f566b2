using System.Net.Sockets;
using ModelRunner.Linux.Terminals;
using Yarp.ReverseProxy.Forwarder;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>Explains to the client why an attached server sent no response, and what to do about it.</summary>
internal static class AttachedFailure
{
    private const int MaxCause = 200;

    /// <param name="context">The request, just after it was forwarded.</param>
    /// <param name="outcome">How the forwarding ended.</param>
    /// <param name="server">The server's address, as clients may see it.</param>
    public static string Describe(HttpContext context, ForwardOutcome outcome, string server) => outcome == ForwardOutcome.NotReached
        ? $"no connection to {server} was made: {Reason(context.Features.Get<IForwarderErrorFeature>()?.Exception)}; "
            + "start that server, or correct its endpoint in the configuration"
        : IsInvalidHttp(context.Features.Get<IForwarderErrorFeature>())
            ? $"the response of {server} was invalid HTTP; see the log of that server"
            : $"{server} closed the connection before it responded; see the log of that server";

    private static bool IsInvalidHttp(IForwarderErrorFeature? failure) =>
        failure?.Error == ForwarderError.ResponseHeaders || Chain(failure?.Exception).Any(static cause =>
            cause is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
            or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded });

    /// <summary>Why a connection could not be made, as a clause.</summary>
    internal static string Reason(Exception? cause)
    {
        if (cause is OperationCanceledException)
            return "there was no answer in time";
        if (FindTlsProblem(cause) is { } problem)
            return problem;
        SocketException? socket = Chain(cause).OfType<SocketException>().FirstOrDefault();
        return socket?.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "it was refused",
            SocketError.AddressNotAvailable => "there is no such socket or address",
            SocketError.AccessDenied => "this user has no permission",
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "its host name is not known",
            _ => PlainText.EscapeAndCut((socket ?? cause)?.Message ?? "for an unknown reason", MaxCause),
        };
    }

    // .NET tells the causes apart only by its messages, which are the same in every culture here.
    private static string? FindTlsProblem(Exception? cause)
    {
        if (cause is not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            return null;
        foreach (Exception inner in Chain(cause.InnerException))
        {
            if (inner.Message.Contains("certificate", StringComparison.Ordinal))
                return "its certificate is not trusted, or is for another host name (see \"tls\" in the configuration)";
            if (inner.Message.Contains("corrupted frame", StringComparison.Ordinal))
                return "it does not speak TLS (use http:// if it speaks HTTP only)";
        }

        return "the TLS handshake failed; see the log of that server";
    }

    private static IEnumerable<Exception> Chain(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
            yield return failure;
    }
}
