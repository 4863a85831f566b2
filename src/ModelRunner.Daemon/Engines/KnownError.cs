namespace ModelRunner.Daemon.Engines;

/// <summary>
/// An error response with status 500 whose cause is the request. The message contains <see cref="Core"/> in every version of the engine.
/// </summary>
/// <param name="Core">The part of the message that does not change.</param>
/// <param name="Code">The code of the error for the client.</param>
/// <param name="Remedy">
/// What the client can do. It replaces the rest of the message, which is advice for the person who starts the engine. Null: the message stays.
/// </param>
internal sealed record KnownError(string Core, string Code, string? Remedy)
{
    /// <summary>The code for a function that the engine or the model does not have.</summary>
    public const string Unsupported = "unsupported_by_model";

    /// <summary>The message for the client; null if this is another error.</summary>
    public string? Explain(string message) => message.IndexOf(Core, StringComparison.OrdinalIgnoreCase) switch
    {
        < 0 => null,
        _ when Remedy is null => message,
        int start => $"{message[..(start + Core.Length)]}; {Remedy}",
    };
}
