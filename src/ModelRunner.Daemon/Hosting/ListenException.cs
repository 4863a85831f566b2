using System.Net.Sockets;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>The daemon cannot listen on a configured address. The message is one sentence for the user.</summary>
internal sealed class ListenException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether another program uses the TCP port.</summary>
    public bool IsPortTaken { get; init; }

    /// <summary>The exception for the TCP port.</summary>
    /// <param name="listen">Where the daemon was to listen; with a TCP port.</param>
    /// <param name="failure">What the system said.</param>
    public static ListenException ForTcp(ListenSettings listen, Exception failure)
    {
        SocketError? error = (failure.GetBaseException() as SocketException)?.SocketErrorCode;
        string reason = error switch
        {
            SocketError.AddressAlreadyInUse => "another program uses the port",
            SocketError.AddressNotAvailable => "this machine has no such address",
            SocketError.AccessDenied => "the port may only be used by root",
            _ => failure.GetBaseException().Message,
        };
        return new ListenException($"cannot listen on {listen.Tcp}: {reason}; change {listen.TcpOptions}", failure)
        {
            IsPortTaken = error is SocketError.AddressAlreadyInUse,
        };
    }
}
