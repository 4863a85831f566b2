using System.IO.Compression;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Compresses the parts of a page as one gzip stream. Not thread-safe.</summary>
internal sealed class PageCompressor : IDisposable
{
    private readonly BufferStream _output = new();
    private readonly GZipStream _gzip;

    public PageCompressor() => _gzip = new GZipStream(_output, CompressionLevel.Fastest);

    /// <summary>Compresses a part and disposes of it.</summary>
    /// <returns>The output so far. The encoder may hold back bytes until the next part.</returns>
    public SegmentedBuffer Compress(SegmentedBuffer part, bool isLast)
    {
        var compressed = new SegmentedBuffer();
        _output.Buffer = compressed;
        using (part)
            part.CopyTo(_gzip);
        if (isLast)
            _gzip.Dispose();
        _output.Buffer = null;
        return compressed;
    }

    public void Dispose() => _gzip.Dispose();
}
