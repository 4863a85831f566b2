namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>What a request of a schedule asks for.</summary>
internal enum RequestKind
{
    Json,
    Stream,
    Embedding,

    /// <summary>A stream without an end, which the client leaves after some lines.</summary>
    LeavesStream,

    /// <summary>The client leaves at some time, perhaps before its request arrived.</summary>
    LeavesEarly,

    /// <summary>A model that does not exist.</summary>
    NoModel,
}
