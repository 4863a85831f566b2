namespace ModelRunner.Reliability.Lab;

/// <summary>What became of a request.</summary>
internal enum AnswerKind
{
    /// <summary>Status 200 with the text that the model had to write.</summary>
    Right,

    /// <summary>An error in OpenAI's format, as a status or as the last event of a stream.</summary>
    Refused,

    /// <summary>The connection ended before the response did.</summary>
    Broken,

    /// <summary>No end of the response within the client's limit.</summary>
    Hung,

    /// <summary>Another text, another model, or an error that is no JSON.</summary>
    Wrong,

    /// <summary>The client left on purpose.</summary>
    Left,
}
