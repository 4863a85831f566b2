namespace ModelRunner.Telemetry.Reading;

/// <summary>The <c>type</c> of a document.</summary>
internal enum EventKind : byte
{
    /// <summary>It has none.</summary>
    None,

    /// <summary>It contains a part of the response.</summary>
    Delta,

    /// <summary>It reports an error.</summary>
    Error,

    /// <summary>Any other type.</summary>
    Other,
}
