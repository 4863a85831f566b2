using System.Net;
using System.Net.Sockets;

namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>A scraper: one connection of TCP that asks for the page again and again. It is for one thread.</summary>
/// <param name="port">A port of 127.0.0.1.</param>
internal sealed class ScrapeClient(int port) : IDisposable
{
    private readonly HttpResponseReader _reader = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream _stream = Stream.Null;
    private long _bytes;
    private int _lines;

    /// <summary>What it sends.</summary>
    private static ReadOnlySpan<byte> Request =>
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n"u8;

    /// <summary>Connects. To be called once, before anything is asked.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public void Connect()
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket);
    }

    /// <summary>Asks for the page and looks no further than how long it is.</summary>
    /// <exception cref="BenchmarkException">The answer has another status than 200.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public PageSize Scrape()
    {
        (_bytes, _lines) = (0, 0);
        Ask(Count);
        return new PageSize(_bytes, _lines);
    }

    /// <summary>Asks for the page and keeps it.</summary>
    /// <inheritdoc cref="Scrape" path="/exception"/>
    public ReadOnlyMemory<byte> Fetch()
    {
        using var page = new MemoryStream();
        Ask(page.Write);
        return page.GetBuffer().AsMemory(0, (int)page.Length);
    }

    /// <summary>May be called from another thread: a scrape that is on its way then fails.</summary>
    public void Dispose() => _socket.Dispose();

    private void Ask(Action<ReadOnlySpan<byte>> body)
    {
        _stream.Write(Request);
        int status = _reader.Read(_stream, body);
        if (status != 200)
            throw new BenchmarkException($"a scrape was answered with status {status}");
    }

    private void Count(ReadOnlySpan<byte> part)
    {
        _bytes += part.Length;
        _lines += part.Count((byte)'\n');
    }
}
