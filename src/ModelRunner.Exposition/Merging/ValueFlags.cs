using System.Runtime.CompilerServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>Determines the flags of a value from its canonical bytes.</summary>
internal static class ValueFlags
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SampleFlags Of(ReadOnlySpan<byte> canonical)
    {
        var flags = canonical[0] == '-' ? SampleFlags.IsNegative : SampleFlags.None;
        // Of all canonical numbers only NaN, +Inf and -Inf end in a letter.
        return canonical[^1] > '9' ? flags | SampleFlags.IsNotFinite : flags;
    }
}
