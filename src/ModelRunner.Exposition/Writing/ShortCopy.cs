using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Writing;

/// <summary>Copies short pieces of some dozens of bytes, for which the general copy of the base library has too much overhead.</summary>
internal static class ShortCopy
{
    /// <summary>Copies a piece to the start of a destination.</summary>
    /// <exception cref="ArgumentException">The destination is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyShortTo(this ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var last = source.Length - Vector128<byte>.Count;
        if (last < 0 || destination.Length < source.Length)
        {
            source.CopyTo(destination);
            return;
        }

        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(destination);
        for (var position = 0; position < last; position += Vector128<byte>.Count)
            Vector128.LoadUnsafe(ref from, (nuint)(uint)position).StoreUnsafe(ref to, (nuint)(uint)position);
        // The last vector ends at the end of the piece and overlaps the previous one.
        Vector128.LoadUnsafe(ref from, (nuint)(uint)last).StoreUnsafe(ref to, (nuint)(uint)last);
    }
}
