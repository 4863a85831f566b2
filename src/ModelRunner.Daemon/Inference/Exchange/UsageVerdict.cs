namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>What is known of the data of an event.</summary>
internal enum UsageVerdict
{
    /// <summary>There are none yet.</summary>
    None,

    /// <summary>They are the beginning of a JSON object.</summary>
    Open,

    /// <summary>They are the token counts of the stream and nothing else.</summary>
    Usage,

    /// <summary>They are another JSON object.</summary>
    Other,

    /// <summary>They are not a JSON object.</summary>
    Unreadable,
}
