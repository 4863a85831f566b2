namespace ModelRunner.LlamaHost.Http;

/// <summary>A request cannot be served; it becomes an error answer in llama-server's shape.</summary>
/// <param name="status">The status code.</param>
/// <param name="type">llama-server's word for the kind of error.</param>
/// <param name="message">One sentence: the value, the limit and the way out.</param>
internal sealed class ApiException(int status, string type, string message) : Exception(message)
{
    /// <summary>The status code.</summary>
    public int Status { get; } = status;

    /// <summary>llama-server's word for the kind of error.</summary>
    public string Type { get; } = type;

    /// <summary>Whether the same request would fail again, however often it is sent.</summary>
    public bool IsFinal => Status is >= 400 and < 500;

    /// <summary>When another try makes sense; null: nobody knows.</summary>
    public int? RetrySeconds { get; private init; }

    /// <summary>The length of a prompt that was too long; null: it was something else.</summary>
    public int? PromptTokens { get; private init; }

    /// <summary>The limit that the prompt exceeded.</summary>
    public int? ContextTokens { get; private init; }

    /// <summary>The request itself is wrong.</summary>
    public static ApiException Invalid(string message) => new(400, "invalid_request_error", message);

    /// <summary>
    /// The request asks for what only llama-server does. The status is 400 and not 501, which clients take for a fault that passes and
    /// answer with more attempts.
    /// </summary>
    /// <param name="what">What it is, as the begin of a sentence.</param>
    public static ApiException NeedsLlamaServer(string what) =>
        new(400, "not_supported_error", $"{what} needs llama-server, which was not found; install llama-server or set LLAMA_SERVER_PATH");

    /// <summary>The program or its model is not made for this.</summary>
    public static ApiException NotEnabled(string message) => new(400, "not_supported_error", message);

    /// <summary>The engine failed or is ending.</summary>
    public static ApiException Failed(string message) => new(500, "server_error", message);

    /// <summary>The model is not there yet.</summary>
    public static ApiException Unavailable(string message) => new(503, "unavailable_error", message);

    /// <summary>There is no room for the request now.</summary>
    public static ApiException Busy(string message) => new(503, "unavailable_error", message) { RetrySeconds = 5 };

    /// <summary>The prompt does not fit.</summary>
    public static ApiException TooLong(int promptTokens, int contextTokens, string message) =>
        new(400, "exceed_context_size_error", message) { PromptTokens = promptTokens, ContextTokens = contextTokens };
}
