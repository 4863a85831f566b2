using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ModelRunner.Daemon.Hosting;

/// <summary>Creates the listeners of Kestrel. Replaces Kestrel's own listener, which retries in a busy loop when no file can be opened.</summary>
internal sealed class RetryingListenerFactory(IOptions<SocketTransportOptions> options, ILoggerFactory logs)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        SocketTransportOptions settings = options.Value;
        Socket socket;
        try
        {
            socket = settings.CreateBoundListenSocket(endpoint);
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(failure.Message, failure);
        }

        socket.Listen(settings.Backlog);
        return ValueTask.FromResult<IConnectionListener>(
            new RetryingListener(socket, settings, logs, TimeProvider.System));
    }
}
