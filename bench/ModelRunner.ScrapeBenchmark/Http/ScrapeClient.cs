using System.Net;
using System.Net.Sockets;

namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>A scraper: one TCP connection that requests the page repeatedly. Not thread-safe.</summary>
/// <param name="port">A port of 127.0.0.1.</param>
internal sealed class ScrapeClient(int port) : IDisposable
{
    private readonly HttpResponseReader _reader = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream _stream = Stream.Null;
    private long _bytes;
    private int _lines;

    /// <summary>Its request.</summary>
    private static ReadOnlySpan<byte> Request =>
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n"u8;

    /// <summary>Connects. Call it once, before the first scrape.</summary>
    /// <exception cref="SocketException">No process listens.</exception>
    public void Connect()
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket);
    }

    /// <summary>Requests the page and only counts its bytes and lines.</summary>
    /// <exception cref="BenchmarkException">The response has another status than 200.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public PageSize Scrape()
    {
        (_bytes, _lines) = (0, 0);
        Ask(Count);
        return new PageSize(_bytes, _lines);
    }

    /// <summary>Requests the page and returns it.</summary>
    /// <inheritdoc cref="Scrape" path="/exception"/>
    public ReadOnlyMemory<byte> Fetch()
    {
        using var page = new MemoryStream();
        Ask(page.Write);
        return page.GetBuffer().AsMemory(0, (int)page.Length);
    }

    /// <summary>May be called from another thread: a running scrape then fails.</summary>
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
