using System.Net;
using System.Net.Sockets;

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

    /// <summary>Whether a program listens on it.</summary>
    public static bool IsInUse(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
