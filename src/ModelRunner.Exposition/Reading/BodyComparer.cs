using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Reading;

/// <summary>Compares places of a body that resemble each other.</summary>
internal static class BodyComparer
{
    /// <summary>How many bytes are the same from two places on, at most a number of them.</summary>
    /// <param name="body">The body.</param>
    /// <param name="earlier">A place before the other one.</param>
    /// <param name="later">The other place.</param>
    /// <param name="limit">More bytes than these do not count.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountEqual(ReadOnlySpan<byte> body, int earlier, int later, int limit)
    {
        ref var start = ref MemoryMarshal.GetReference(body);
        var count = 0;
        // It is cheaper to compare more than is asked for than to end exactly, so the end of the body is the only end here.
        while (later + count <= body.Length - Vector128<byte>.Count)
        {
            var one = Vector128.LoadUnsafe(ref start, (nuint)(uint)(earlier + count));
            var other = Vector128.LoadUnsafe(ref start, (nuint)(uint)(later + count));
            var equal = Vector128.Equals(one, other).ExtractMostSignificantBits();
            if (equal != 0xFFFF)
                return Math.Min(limit, count + BitOperations.TrailingZeroCount(~equal));
            count += Vector128<byte>.Count;
            if (count >= limit)
                return limit;
        }

        return CountEqualAtEnd(body, earlier, later, count, limit);
    }

    private static int CountEqualAtEnd(ReadOnlySpan<byte> body, int earlier, int later, int count, int limit)
    {
        while (count < limit && later + count < body.Length && body[earlier + count] == body[later + count])
            count++;
        return count;
    }
}
