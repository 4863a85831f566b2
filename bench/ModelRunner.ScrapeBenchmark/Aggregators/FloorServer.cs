using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ModelRunner.ScrapeBenchmark.Http;
using ModelRunner.ScrapeBenchmark.Runners;

namespace ModelRunner.ScrapeBenchmark.Aggregators;

/// <summary>
/// The least work of an aggregator: it reads from all runners at once and passes their pages on, one after the other, as they arrive. It
/// adds no labels, merges no families, parses no lines and keeps no page; it is one thread with plain sockets. It runs in a process of its
/// own, and its cost on a machine is the unit for the cost of an aggregator there.
/// </summary>
internal sealed class FloorServer
{
    private const string Verb = "floor";

    private readonly HttpResponseReader _reader = new();
    private readonly NetworkStream[] _runners;

    private FloorServer(IEnumerable<string> socketPaths) => _runners = [.. socketPaths.Select(Connect)];

    private static ReadOnlySpan<byte> Request => "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8;

    /// <summary>The arguments with which this program runs as the floor.</summary>
    public static string[] Arguments(string folder, int runners) => [Verb, folder, runners.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Whether this program should run as the floor.</summary>
    public static bool IsAskedFor(string[] arguments) => arguments is [Verb, _, _];

    /// <summary>Serves one client after another until the process is ended.</summary>
    /// <param name="arguments">The result of <see cref="Arguments"/>.</param>
    public static int Run(string[] arguments)
    {
        var floor = new FloorServer(FakeRunners.SocketPaths(arguments[1], int.Parse(arguments[2], CultureInfo.InvariantCulture)));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Console.Error.WriteLine($"The floor listens on http://{listener.LocalEndPoint}.");
        while (true)
        {
            using var client = new NetworkStream(listener.Accept(), ownsSocket: true);
            client.Socket.NoDelay = true;
            floor.Serve(client);
        }
    }

    private void Serve(NetworkStream client)
    {
        byte[] request = new byte[4096];
        using var output = new BufferedStream(client, 64 * 1024);
        while (client.Read(request) > 0)
        {
            output.Write("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nTransfer-Encoding: chunked\r\n\r\n"u8);
            PassOn(output);
            output.Write("0\r\n\r\n"u8);
            output.Flush();
        }
    }

    private void PassOn(Stream output)
    {
        Action<ReadOnlySpan<byte>> write = part => WriteChunk(output, part);
        foreach (NetworkStream runner in _runners)
            runner.Write(Request);
        foreach (NetworkStream runner in _runners)
            _reader.Read(runner, write);
    }

    private static void WriteChunk(Stream output, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[8];
        _ = part.Length.TryFormat(length, out int digits, "x", CultureInfo.InvariantCulture);
        output.Write(length[..digits]);
        output.Write("\r\n"u8);
        output.Write(part);
        output.Write("\r\n"u8);
    }

    private static NetworkStream Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new NetworkStream(socket, ownsSocket: true);
    }
}
