using System.Net;
using System.Net.Sockets;
using ModelRunner.Linux.Sockets;

namespace ModelRunner.Daemon.Engines.Command;

/// <summary>Chooses ports on 127.0.0.1 for servers that cannot listen on a Unix socket.</summary>
internal static class LoopbackPort
{
    /// <summary>Returns a port that is free now. Another program may take it before the server listens.</summary>
    public static int Choose()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Who listens on it. Every user of the machine may listen on a port that was free a moment ago.</summary>
    /// <param name="port">The port.</param>
    /// <param name="isUserOfRunner">Whether a process of the runner belongs to a user.</param>
    /// <returns><see cref="PortOwner.Trusted"/> if the kernel's tables cannot be read.</returns>
    public static PortOwner OwnerOf(int port, Func<uint, bool> isUserOfRunner)
    {
        try
        {
            return TcpListeners.OwnerOf(IPAddress.Loopback, port, TcpTableEntry.ReadLines(), isUserOfRunner);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return PortOwner.Trusted;
        }
    }

    /// <summary>Whether a program listens on it. A connection is no test for this: it waits for minutes if the program accepts none.</summary>
    public static bool IsInUse(int port)
    {
        try
        {
            return TcpListeners.UsersOf(IPAddress.Loopback, port, TcpTableEntry.ReadLines()).Any();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
