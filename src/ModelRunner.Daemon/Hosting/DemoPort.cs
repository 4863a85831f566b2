using System.Net;
using System.Net.Sockets;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting;

/// <summary>The TCP port that <c>--demo</c> adds. The user did not ask for it, so the daemon starts without it if another program uses it.</summary>
internal static class DemoPort
{
    /// <summary>Removes the port from the settings if it is optional and in use.</summary>
    public static DaemonSettings DropIfTaken(DaemonSettings settings)
    {
        if (!settings.Listen.IsTcpOptional || settings.Listen.Tcp is not { } tcp)
            return settings;

        // Clients resolve "localhost" to both address families.
        bool isFree = IsFree(tcp) && IsFree(new IPEndPoint(IPAddress.IPv6Loopback, tcp.Port));
        return isFree ? settings : settings with { Listen = settings.Listen with { Tcp = null } };
    }

    /// <summary>Starts the daemon, without the optional port if another program took it after <see cref="DropIfTaken"/> checked.</summary>
    /// <param name="settings">The settings that <see cref="DropIfTaken"/> returned.</param>
    /// <param name="start">Starts it, or throws a <see cref="ListenException"/>.</param>
    /// <returns>The daemon, and the settings that it started with.</returns>
    public static async Task<(T Daemon, DaemonSettings Settings)> StartAsync<T>(DaemonSettings settings, Func<DaemonSettings, Task<T>> start)
    {
        try
        {
            return (await start(settings), settings);
        }
        catch (ListenException failure) when (failure.IsPortTaken && settings.Listen.IsTcpOptional)
        {
            settings = settings with { Listen = settings.Listen with { Tcp = null } };
            return (await start(settings), settings);
        }
    }

    private static bool IsFree(IPEndPoint endPoint)
    {
        try
        {
            using var probe = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(endPoint);
            return true;
        }
        catch (SocketException failure)
        {
            // On a machine without IPv6 no program listens there either.
            return failure.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
        }
    }
}
