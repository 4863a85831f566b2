namespace ModelRunner.Exposition.Merging;

/// <summary>Properties of a sample that the merger needs without parsing it again.</summary>
[Flags]
internal enum SampleFlags : byte
{
    None = 0,

    /// <summary>The canonical bytes are in the arena of the source, not in its body.</summary>
    InArena = 1,

    /// <summary>An exemplar follows the value, up to the line feed.</summary>
    HasExemplar = 2,

    /// <summary>The canonical bytes begin with a brace, because the metric name or a label name needs quotes.</summary>
    HasQuotedName = 4,

    /// <summary>A label <c>le</c> or <c>quantile</c> does not have the form of OpenMetrics.</summary>
    HasPlainBound = 8,

    /// <summary>A label <c>le</c> or <c>quantile</c> is not a number.</summary>
    HasBadBound = 16,

    /// <summary>The value begins with a minus sign.</summary>
    IsNegative = 32,

    /// <summary>An earlier sample has the same series, or the sample is dropped for another reason.</summary>
    IsDropped = 64,

    /// <summary>The value is <c>NaN</c> or infinite.</summary>
    IsNotFinite = 128,
}
