using System.Numerics;
using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The masks of the part of a body around the current line, and the search for line ends in them. It always contains the whole current line:
/// the window grows for a longer line, so the cost stays linear. Reused for every body.
/// </summary>
internal sealed class MaskWindow(BlockKernel kernel)
{
    private const int KeepBlocks = 4096;

    // After the last block: an empty one, and one that is never read.
    private const int Spare = 2;

    private static readonly int FirstBlocks = DebugSizes.Pick(256, 1);

    private BlockMasks[] _masks = new BlockMasks[FirstBlocks + Spare];
    private int _start;
    private int _count;

    // The block of the last line end, and the line feeds after it in that block.
    private int _block;
    private ulong _lineFeeds;

    /// <summary>Whether the current line may contain a backslash. It may also be in an adjacent line.</summary>
    public bool MayHaveBackslash { get; private set; }

    /// <summary>Whether the current line may contain a non-ASCII byte. It may also be in an adjacent line.</summary>
    public bool MayHaveNonAscii { get; private set; }

    /// <summary>Begins a body at its first line.</summary>
    public void Begin(ReadOnlySpan<byte> body, int firstLine)
    {
        if (_masks.Length > KeepBlocks)
            _masks = new BlockMasks[FirstBlocks + Spare];
        Fill(body, firstLine);
    }

    /// <summary>The position of the line feed that ends the next line, or the end of the body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="lineStart">The start of the line, after the previous line feed. Must be before the end of the body.</param>
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

    /// <summary>The position of the next quote in the current line, from a position on; the limit if there is none before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindQuote(int position, int limit)
    {
        var offset = position - _start;
        var block = offset / BlockMasks.Bytes;
        // The 64 bytes from the position on span two blocks. A shift uses only the lowest six bits of the distance.
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

    /// <summary>Moves the window to a line that extends beyond it. Returns false if the body ends with the window.</summary>
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
