using System.Buffers;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>A buffer of pooled segments. It grows without copying and is sent segment by segment. Not thread-safe.</summary>
internal sealed class SegmentedBuffer : IBufferWriter<byte>, IDisposable
{
    private const int FirstPiece = 16 * 1024;
    private const int MaxPiece = 1024 * 1024;
    private const int MaxAtOnce = 64 * 1024;
    private readonly List<(byte[] Array, int Length)> _full = [];
    private byte[] _current = [];
    private int _used;
    private long _fullBytes;

    public long Length => _fullBytes + _used;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _current.Length - _used);
        _used += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_current.Length - _used < Math.Max(sizeHint, 1))
            Grow(sizeHint);
        return _current.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>
    /// The content in order, in pieces of at most 64 KiB, which the pipe of a connection accepts as one. Borrowed: valid until the buffer is
    /// written to or disposed of.
    /// </summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        foreach ((byte[] array, int length) in _full)
        {
            for (int start = 0; start < length; start += MaxAtOnce)
                yield return array.AsMemory(start, Math.Min(MaxAtOnce, length - start));
        }

        for (int start = 0; start < _used; start += MaxAtOnce)
            yield return _current.AsMemory(start, Math.Min(MaxAtOnce, _used - start));
    }

    /// <summary>Writes the content to a stream.</summary>
    public void CopyTo(Stream destination)
    {
        foreach ((byte[] array, int length) in _full)
            destination.Write(array, 0, length);
        destination.Write(_current, 0, _used);
    }

    /// <summary>Discards the content, and keeps one segment for reuse.</summary>
    public void Clear()
    {
        foreach ((byte[] array, _) in _full)
            BufferPool.Shared.Return(array);
        _full.Clear();
        _used = 0;
        _fullBytes = 0;
    }

    public void Dispose()
    {
        Clear();
        if (_current.Length > 0)
            BufferPool.Shared.Return(_current);
        _current = [];
    }

    private void Grow(int sizeHint)
    {
        int size = (int)Math.Clamp(Length, FirstPiece, MaxPiece);
        byte[] next = BufferPool.Shared.Rent(Math.Max(size, sizeHint));
        if (_current.Length > 0)
            _full.Add((_current, _used));
        _fullBytes += _used;
        _used = 0;
        _current = next;
    }
}
