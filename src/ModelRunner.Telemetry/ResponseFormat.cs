namespace ModelRunner.Telemetry;

/// <summary>How a response is written.</summary>
public enum ResponseFormat
{
    /// <summary>One JSON document.</summary>
    Json,

    /// <summary>Server-sent events whose data is JSON.</summary>
    Events,
}
