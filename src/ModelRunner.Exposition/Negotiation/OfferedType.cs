namespace ModelRunner.Exposition.Negotiation;

/// <summary>The media types that the response can have. Both versions of text use the same format; version 1.0.0 allows quoted names.</summary>
internal enum OfferedType
{
    Text004,
    OpenMetrics100,
    Text100,
}
