namespace ModelRunner.Exposition.Merging;

/// <summary>What the merger must know of a sample without looking at its bytes again.</summary>
[Flags]
internal enum SampleFlags : byte
{
    None = 0,

    /// <summary>The canonical bytes are in the source's arena, not in its body.</summary>
    InArena = 1,

    /// <summary>An exemplar stands behind the value, up to the line feed.</summary>
    HasExemplar = 2,

    /// <summary>The canonical bytes begin with a brace, because the metric name needs quotes, or some label name does.</summary>
    HasQuotedName = 4,

    /// <summary>A label <c>le</c> or <c>quantile</c> is not written as OpenMetrics wants it.</summary>
    HasPlainBound = 8,

    /// <summary>A label <c>le</c> or <c>quantile</c> is no number.</summary>
    HasBadBound = 16,

    /// <summary>The value begins with a minus sign.</summary>
    IsNegative = 32,

    /// <summary>Another sample of the same series stands before it, or the sample is refused otherwise.</summary>
    IsDropped = 64,

    /// <summary>The value is <c>NaN</c> or infinite.</summary>
    IsNotFinite = 128,
}
