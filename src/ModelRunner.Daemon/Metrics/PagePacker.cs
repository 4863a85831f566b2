using System.IO.Compression;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Packs the parts of a page, one behind the other. Not thread-safe.</summary>
internal sealed class PagePacker : IDisposable
{
    private readonly BufferStream _output = new();
    private readonly GZipStream _gzip;

    public PagePacker() => _gzip = new GZipStream(_output, CompressionLevel.Fastest);

    /// <summary>Packs a part, which is disposed of.</summary>
    /// <returns>What came out; the rest may come with the next part.</returns>
    public SegmentedBuffer Pack(SegmentedBuffer part, bool isLast)
    {
        var packed = new SegmentedBuffer();
        _output.Buffer = packed;
        using (part)
            part.CopyTo(_gzip);
        if (isLast)
            _gzip.Dispose();
        _output.Buffer = null;
        return packed;
    }

    public void Dispose() => _gzip.Dispose();
}
