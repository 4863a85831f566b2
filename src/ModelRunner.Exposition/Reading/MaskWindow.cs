using System.Numerics;
using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The masks of the part of a body around the current line. It always holds the whole current line: where a line does not fit, the window
/// grows, so the cost stays linear. Kept and used again.
/// </summary>
internal sealed class MaskWindow(BlockKernel kernel)
{
    private const int KeepBlocks = 4096;

    private BlockMasks[] _masks = new BlockMasks[DebugSizes.Pick(256, 1)];
    private int _start;
    private int _count;

    /// <summary>Whether a backslash may stand in the line that was found last. It may also stand in a neighbour.</summary>
    public bool MayHaveBackslash { get; private set; }

    /// <summary>Forgets the body before.</summary>
    public void Begin()
    {
        _start = _count = 0;
        if (_masks.Length > KeepBlocks)
            _masks = new BlockMasks[DebugSizes.Pick(256, 1)];
    }

    /// <summary>The position of the line feed that ends the line, or the end of the body.</summary>
    public int FindLineEnd(ReadOnlySpan<byte> body, int lineStart)
    {
        while (true)
        {
            var offset = lineStart - _start;
            var block = offset / BlockMasks.Bytes;
            var keep = ulong.MaxValue << offset;
            ulong backslashes = 0;
            for (; block < _count; block++)
            {
                ref readonly var masks = ref _masks[block];
                backslashes |= masks.Backslashes;
                var found = masks.LineFeeds & keep;
                if (found != 0)
                {
                    MayHaveBackslash = backslashes != 0;
                    return _start + (block * BlockMasks.Bytes) + BitOperations.TrailingZeroCount(found);
                }

                keep = ulong.MaxValue;
            }

            if (_count > 0 && _start + (_count * BlockMasks.Bytes) >= body.Length)
            {
                MayHaveBackslash = backslashes != 0;
                return body.Length;
            }

            Fill(body, lineStart);
        }
    }

    /// <summary>
    /// The position of the next quote at or behind a position in the current line, or the limit where none comes before it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindQuote(int position, int limit)
    {
        var offset = position - _start;
        var masks = _masks;
        var found = (uint)(offset >> 6) < (uint)masks.Length ? masks[offset >> 6].Quotes & (ulong.MaxValue << offset) : 0;
        if (found == 0)
            return FindQuoteBehind((offset >> 6) + 1, limit);
        var result = _start + (offset & ~(BlockMasks.Bytes - 1)) + BitOperations.TrailingZeroCount(found);
        return Math.Min(result, limit);
    }

    private int FindQuoteBehind(int block, int limit)
    {
        for (; block < _count && _start + (block * BlockMasks.Bytes) < limit; block++)
        {
            if (_masks[block].Quotes != 0)
                return Math.Min(limit, _start + (block * BlockMasks.Bytes) + BitOperations.TrailingZeroCount(_masks[block].Quotes));
        }

        return limit;
    }

    private void Fill(ReadOnlySpan<byte> body, int lineStart)
    {
        if (_count > 0 && lineStart == _start)
            _masks = new BlockMasks[_masks.Length * 2];
        _start = lineStart;
        var length = Math.Min(body.Length - lineStart, _masks.Length * BlockMasks.Bytes);
        _count = BlockClassifier.Classify(kernel, body.Slice(lineStart, length), _masks);
    }
}
