namespace ModelRunner.Exposition.Negotiation;

/// <summary>
/// The media types that we can answer with. Both versions of text share one format; 1.0.0 is the name that allows quoted names.
/// </summary>
internal enum OfferedType
{
    Text004,
    OpenMetrics100,
    Text100,
}
