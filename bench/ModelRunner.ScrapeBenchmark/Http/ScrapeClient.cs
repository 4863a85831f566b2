using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using ModelRunner.ScrapeBenchmark.Pages;

namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>A scraper: one TCP connection that requests the page repeatedly. Not thread-safe.</summary>
/// <param name="port">A port of 127.0.0.1.</param>
/// <param name="form">What it asks for.</param>
internal sealed class ScrapeClient(int port, PageForm form) : IDisposable
{
    private readonly HttpResponseReader _reader = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream _stream = Stream.Null;
    private long _bytes;
    private int _lines;

    /// <summary>Connects. Call it once, before the first scrape.</summary>
    /// <exception cref="SocketException">No process listens.</exception>
    public void Connect()
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new NetworkStream(_socket);
    }

    /// <summary>Requests the page and only counts its bytes and lines. The lines of a compressed page are not counted.</summary>
    /// <exception cref="BenchmarkException">The response has another status than 200.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public PageSize Scrape()
    {
        (_bytes, _lines) = (0, 0);
        Ask(Count);
        return new PageSize(_bytes, form.UsesGzip ? 0 : _lines);
    }

    /// <summary>Requests the page and returns it, decompressed.</summary>
    /// <inheritdoc cref="Scrape" path="/exception"/>
    public ReadOnlyMemory<byte> Fetch()
    {
        using var page = new MemoryStream();
        Ask(page.Write);
        if (form.UsesGzip)
            return Decompress(page);
        return page.GetBuffer().AsMemory(0, (int)page.Length);
    }

    /// <summary>May be called from another thread: a running scrape then fails.</summary>
    public void Dispose() => _socket.Dispose();

    private static ReadOnlyMemory<byte> Decompress(MemoryStream compressed)
    {
        compressed.Position = 0;
        using var gzip = new GZipStream(compressed, CompressionMode.Decompress, leaveOpen: true);
        using var page = new MemoryStream();
        gzip.CopyTo(page);
        return page.GetBuffer().AsMemory(0, (int)page.Length);
    }

    private void Ask(Action<ReadOnlySpan<byte>> body)
    {
        _stream.Write(form.Request);
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
