using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ModelRunner.Testing;

/// <summary>Sends bytes that no HTTP client would send, and reads until the other side closes.</summary>
internal static class RawHttp
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Connects to a Unix socket.</summary>
    public static async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancellation);
        return socket;
    }

    /// <summary>Connects to a port of loopback.</summary>
    public static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Cancellation);
        return socket;
    }

    /// <summary>Sends a request to a Unix socket and returns the answer whole.</summary>
    public static async Task<string> SendAsync(string path, string request)
    {
        using Socket socket = await ConnectAsync(path);
        return await ExchangeAsync(socket, request);
    }

    /// <summary>Sends a request and returns all that comes until the other side closes; what came before a reset counts.</summary>
    public static async Task<string> ExchangeAsync(Socket socket, string request, bool halfClose = false)
    {
        await SendAllAsync(socket, Encoding.UTF8.GetBytes(request));
        if (halfClose)
            socket.Shutdown(SocketShutdown.Send);
        return await ReadToEndAsync(socket);
    }

    /// <summary>Sends all bytes.</summary>
    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, Cancellation)..];
    }

    /// <summary>Reads until the other side closes.</summary>
    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var answer = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, Cancellation) is > 0 and var count)
                answer.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // A reset ends the answer as a close does.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
