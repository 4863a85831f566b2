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

    /// <summary>It is the last event of Anthropic's messages or of OpenAI's responses.</summary>
    End,

    /// <summary>Any other type.</summary>
    Other,
}
