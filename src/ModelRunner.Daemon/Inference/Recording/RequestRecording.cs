namespace ModelRunner.Daemon.Inference.Recording;

/// <summary>One request and its response, as they are kept for people who look for a fault. After its end it is immutable.</summary>
/// <param name="id">The id of the request.</param>
/// <param name="model">The canonical reference of the model.</param>
internal sealed class RequestRecording(string id, string model)
{
    public string Id { get; } = id;

    public string Model { get; } = model;

    public required string Method { get; init; }

    /// <summary>The path without the query, which may contain secrets.</summary>
    public required string Path { get; init; }

    /// <summary>The name of the key; null: it had none.</summary>
    public string? KeyName { get; init; }

    /// <summary>What the client says about itself; null: nothing.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The layer that sent the request, in Docker Model Runner's words; null: none.</summary>
    public string? Origin { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The same on the clock of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long Timestamp { get; init; }

    /// <summary>The body of the request, as it was sent, with shortened data.</summary>
    public ReadOnlyMemory<byte> Request { get; set; }

    /// <summary>Collects the response.</summary>
    public required BodyCopy Copy { get; init; }

    /// <summary>The body of the response, with shortened data; empty: there is none, or it is an error.</summary>
    public ReadOnlyMemory<byte> Response { get; set; }

    /// <summary>The body of an error response; empty: there is none.</summary>
    public ReadOnlyMemory<byte> Error { get; set; }

    /// <summary>Whether <see cref="Response"/> is a stream of events.</summary>
    public bool IsStream { get; set; }

    /// <summary>Whether a part of the request or of the response is missing because it was too long.</summary>
    public bool IsCut { get; set; }

    public int Status { get; set; }

    public TimeSpan Duration { get; set; }

    /// <summary>Its number among all requests, from 1 in the order of their ends.</summary>
    public long Number { get; set; }

    /// <summary>The same among the requests of its model.</summary>
    public long NumberInModel { get; set; }

    /// <summary>The bytes that it takes from the budget.</summary>
    public long Taken { get; set; }
}
