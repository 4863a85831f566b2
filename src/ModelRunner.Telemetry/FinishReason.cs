namespace ModelRunner.Telemetry;

/// <summary>Why the engine ended a response.</summary>
public enum FinishReason
{
    /// <summary>No reason was read: the response has none, or it was not read to its end.</summary>
    None,

    /// <summary>The model ended it, or a stop sequence did.</summary>
    Stop,

    /// <summary>A limit of tokens was reached.</summary>
    Length,

    /// <summary>The model calls tools.</summary>
    ToolCalls,

    /// <summary>A filter removed content.</summary>
    ContentFilter,

    /// <summary>The engine failed.</summary>
    Error,

    /// <summary>Any other reason.</summary>
    Other,
}
