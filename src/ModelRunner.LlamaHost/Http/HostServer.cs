using System.Net;
using System.Net.Sockets;
using ModelRunner.LlamaHost.Arguments;

namespace ModelRunner.LlamaHost.Http;

/// <summary>The web server: Kestrel on one socket or port, with nothing else of ASP.NET around it.</summary>
internal static class HostServer
{
    /// <summary>The most that a body may have.</summary>
    public const int MaxBodyBytes = 32 * 1024 * 1024;

    /// <summary>What the server reads of a body before it is asked for it.</summary>
    private const long MaxReadAheadBytes = 128 * 1024;

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The address cannot be bound, for instance because another program has it.</exception>
    public static async Task<WebApplication> Start(HostState state)
    {
        HostSettings settings = state.Settings;
        if (settings.IsUnixSocket)
            RemoveStaleSocket(settings.Host);

        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MaxRequestBufferSize = MaxReadAheadBytes;

            // A body that waits for memory is not read meanwhile.
            kestrel.Limits.MinRequestBodyDataRate = null;

            // A reader that is slow costs little memory, and one that is gone is noticed by its connection.
            kestrel.Limits.MinResponseDataRate = null;
            if (settings.IsUnixSocket)
                kestrel.ListenUnixSocket(Path.GetFullPath(settings.Host));
            else
                kestrel.Listen(IPAddress.Parse(settings.Host), settings.Port);
        });

        WebApplication application = builder.Build();
        application.Run(new HostRouter(state).Answer);
        await application.StartAsync();
        return application;
    }

    // A killed program leaves its socket behind. It is removed only if nobody answers on it.
    private static void RemoveStaleSocket(string path)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException)
        {
            // Something else is there; binding will say what.
            return;
        }

        throw new IOException("another program listens there");
    }
}
