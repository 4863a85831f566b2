using System.Buffers;
using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>Fills the buffer of the caller in large pieces. Call <see cref="Flush"/> before the buffer is used otherwise.</summary>
internal ref struct PageOutput(IBufferWriter<byte> output)
{
    private static readonly int PieceBytes = DebugSizes.Pick(64 * 1024, 7);

    private Span<byte> _piece;
    private int _used;
    private long _flushed;

    /// <summary>The bytes written so far.</summary>
    public readonly long Length => _flushed + _used;

    /// <summary>Returns a span of exactly this length. It counts as written, so the caller must fill it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Take(int length)
    {
        if (length > _piece.Length - _used)
            Renew(length);
        var span = _piece.Slice(_used, length);
        _used += length;
        return span;
    }

    public void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Write(byte value) => Take(1)[0] = value;

    public void Flush()
    {
        if (_used > 0)
            output.Advance(_used);
        _flushed += _used;
        _used = 0;
        _piece = default;
    }

    private void Renew(int length)
    {
        Flush();
        _piece = output.GetSpan(Math.Max(length, PieceBytes));
    }
}
