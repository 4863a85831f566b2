using System.Net;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Sockets;
using ModelRunner.LlamaHost.Arguments;

namespace ModelRunner.LlamaHost.Http;

/// <summary>The web server: Kestrel on one socket or port, without the rest of ASP.NET.</summary>
internal static class HostServer
{
    /// <summary>The largest body in bytes.</summary>
    public const int MaxBodyBytes = 32 * 1024 * 1024;

    /// <summary>How many bytes of a body the server reads before it is asked to.</summary>
    private const long MaxReadAheadBytes = 128 * 1024;

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The address cannot be bound, for instance because another program uses it.</exception>
    public static async Task<WebApplication> StartAsync(HostState state)
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

            // A slow reader costs little memory, and a closed connection is noticed.
            kestrel.Limits.MinResponseDataRate = null;
            if (settings.IsUnixSocket)
                kestrel.ListenUnixSocket(Path.GetFullPath(settings.Host));
            else
                kestrel.Listen(IPAddress.Parse(settings.Host), settings.Port);
        });

        WebApplication application = builder.Build();
        application.Run(new HostRouter(state).AnswerAsync);
        await application.StartAsync();
        return application;
    }

    // A killed program leaves its socket behind. It is removed only if no process listens on it. Binding reports any other file.
    private static void RemoveStaleSocket(string path)
    {
        if (!FileStatus.OfLink(path).IsSocket)
            return;
        if (UnixSystem.IsListening(path))
            throw new IOException("another program listens there");
        File.Delete(path);
    }
}
