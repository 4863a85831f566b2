using System.Numerics;
using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The masks of the part of a body around the current line, and the way from line to line through them. It always holds the whole current
/// line: where a line does not fit, the window grows, so the cost stays linear. Kept and used again.
/// </summary>
internal sealed class MaskWindow(BlockKernel kernel)
{
    private const int KeepBlocks = 4096;

    // Behind the last block: an empty one, and one that is never looked into.
    private const int Spare = 2;

    private static readonly int FirstBlocks = DebugSizes.Pick(256, 1);

    private BlockMasks[] _masks = new BlockMasks[FirstBlocks + Spare];
    private int _start;
    private int _count;

    // The block in which the last line ended, and the line feeds behind its end in that block.
    private int _block;
    private ulong _lineFeeds;

    /// <summary>Whether a backslash may stand in the line that was found last. It may also stand in a neighbour.</summary>
    public bool MayHaveBackslash { get; private set; }

    /// <summary>Whether a byte that is not ASCII may stand in the line that was found last. It may also stand in a neighbour.</summary>
    public bool MayHaveNonAscii { get; private set; }

    /// <summary>Begins a body at its first line, and forgets the body before.</summary>
    public void Begin(ReadOnlySpan<byte> body, int firstLine)
    {
        if (_masks.Length > KeepBlocks)
            _masks = new BlockMasks[FirstBlocks + Spare];
        Fill(body, firstLine);
    }

    /// <summary>The position of the line feed that ends the next line, or the end of the body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="lineStart">Where the line begins: behind the line feed before, and not at the end of the body.</param>
    public int FindLineEnd(ReadOnlySpan<byte> body, int lineStart)
    {
        var backslashes = _masks[_block].Backslashes;
        var nonAscii = _masks[_block].NonAscii;
        while (_lineFeeds == 0)
        {
            _block++;
            if (_block == _count && !TryFill(body, lineStart))
                break;
            _lineFeeds = _masks[_block].LineFeeds;
            backslashes |= _masks[_block].Backslashes;
            nonAscii |= _masks[_block].NonAscii;
        }

        MayHaveBackslash = backslashes != 0;
        MayHaveNonAscii = nonAscii != 0;
        if (_lineFeeds == 0)
            return body.Length;
        var end = _start + (_block * BlockMasks.Bytes) + BitOperations.TrailingZeroCount(_lineFeeds);
        _lineFeeds &= _lineFeeds - 1;
        return end;
    }

    /// <summary>
    /// The position of the next quote at or behind a position in the current line, or the limit where none comes before it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindQuote(int position, int limit)
    {
        var offset = position - _start;
        var block = offset / BlockMasks.Bytes;
        // The 64 bytes from the position on are parts of two blocks. Of a shift only the lowest six bits of the distance count.
        var found = (_masks[block].Quotes >> offset) | (_masks[block + 1].Quotes << 1 << ~offset);
        return found == 0 ? FindQuoteBehind(block + 1, limit) : Math.Min(position + BitOperations.TrailingZeroCount(found), limit);
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

    /// <summary>Moves the window to a line that goes beyond it. False where the body ends with the window.</summary>
    private bool TryFill(ReadOnlySpan<byte> body, int lineStart)
    {
        if (_start + (_count * BlockMasks.Bytes) >= body.Length)
            return false;
        if (lineStart == _start)
            _masks = new BlockMasks[((_masks.Length - Spare) * 2) + Spare];
        Fill(body, lineStart);
        return true;
    }

    private void Fill(ReadOnlySpan<byte> body, int lineStart)
    {
        _start = lineStart;
        var length = Math.Min(body.Length - lineStart, (_masks.Length - Spare) * BlockMasks.Bytes);
        _count = BlockClassifier.Classify(kernel, body.Slice(lineStart, length), _masks);
        _masks[_count] = default;
        _block = 0;
        _lineFeeds = _masks[0].LineFeeds;
    }
}
