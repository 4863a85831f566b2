using System.Runtime.CompilerServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// The bytes of one source. A loop over many samples takes them once, because taking them from the source costs a noticeable part of the copy
/// of a sample.
/// </summary>
internal readonly ref struct SourceBytes(SourceState source)
{
    private readonly ReadOnlySpan<byte> _body = source.Body.Span;
    private readonly ReadOnlySpan<byte> _arena = source.Arena.Written;

    /// <summary>The canonical bytes of a sample of this source.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Of(in SampleRecord record) =>
        ((record.Flags & SampleFlags.InArena) != SampleFlags.None ? _arena : _body)[record.Start..record.End];
}
