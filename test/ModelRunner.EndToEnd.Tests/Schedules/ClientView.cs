namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>What a client saw of its response.</summary>
internal enum ClientView
{
    /// <summary>The connection ended before the response did.</summary>
    Cut,

    /// <summary>The whole response, and it is successful.</summary>
    Complete,

    /// <summary>The whole response, and it is an error.</summary>
    Failed,

    /// <summary>The client left.</summary>
    Left,
}
