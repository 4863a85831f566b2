namespace ModelRunner.Telemetry;

/// <summary>Where the token counts of a response come from, the most exact source first.</summary>
public enum FigureSource
{
    /// <summary>The engine's own <c>timings</c>.</summary>
    Timings,

    /// <summary>The object <c>usage</c>.</summary>
    Usage,

    /// <summary>Counted events with content. The prompt is unknown.</summary>
    Events,

    /// <summary>The response has no token counts.</summary>
    None,
}
