using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Reading;

/// <summary>Compares similar parts of a body.</summary>
internal static class BodyComparer
{
    /// <summary>The number of equal bytes from two positions on, at most <paramref name="limit"/>.</summary>
    /// <param name="body">The body.</param>
    /// <param name="earlier">The earlier position.</param>
    /// <param name="later">The later position.</param>
    /// <param name="limit">The largest result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountEqual(ReadOnlySpan<byte> body, int earlier, int later, int limit)
    {
        ref var start = ref MemoryMarshal.GetReference(body);
        var count = 0;
        // Comparing a whole vector is cheaper than stopping exactly at the limit.
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
