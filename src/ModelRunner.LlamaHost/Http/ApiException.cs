namespace ModelRunner.LlamaHost.Http;

/// <summary>A request cannot be served; becomes an error response in llama-server's format.</summary>
/// <param name="status">The status code.</param>
/// <param name="type">llama-server's name for the kind of error.</param>
/// <param name="message">One sentence: the value, the limit and the way out.</param>
internal sealed class ApiException(int status, string type, string message) : Exception(message)
{
    /// <summary>The status code.</summary>
    public int Status { get; } = status;

    /// <summary>llama-server's name for the kind of error.</summary>
    public string Type { get; } = type;

    /// <summary>Whether the same request would fail every time.</summary>
    public bool IsFinal => Status is >= 400 and < 500;

    /// <summary>When to retry; null: unknown.</summary>
    public int? RetrySeconds { get; private init; }

    /// <summary>The length of a prompt that was too long; null: another error.</summary>
    public int? PromptTokens { get; private init; }

    /// <summary>The limit that the prompt exceeded.</summary>
    public int? ContextTokens { get; private init; }

    /// <summary>The request itself is wrong.</summary>
    public static ApiException Invalid(string message) => new(400, "invalid_request_error", message);

    /// <summary>
    /// The request needs a function that only llama-server has. The status is 400 and not 501, which clients treat as temporary and retry.
    /// </summary>
    /// <param name="what">The function, as the beginning of a sentence.</param>
    public static ApiException NeedsLlamaServer(string what) =>
        new(400, "not_supported_error", $"{what} needs llama-server, which was not found; install llama-server or set LLAMA_SERVER_PATH");

    /// <summary>The program was started in another mode, or its model cannot do this.</summary>
    public static ApiException NotEnabled(string message) => new(400, "not_supported_error", message);

    /// <summary>The engine failed or is ending.</summary>
    public static ApiException Failed(string message) => new(500, "server_error", message);

    /// <summary>The model is still loading.</summary>
    public static ApiException Unavailable(string message) => new(503, "unavailable_error", message);

    /// <summary>There is no memory for the request now.</summary>
    public static ApiException Busy(string message) => new(503, "unavailable_error", message) { RetrySeconds = 5 };

    /// <summary>The request uses more memory than there is for one.</summary>
    public static ApiException TooLarge(string message) => new(413, "invalid_request_error", message);

    /// <summary>The prompt is too long.</summary>
    public static ApiException TooLong(int promptTokens, int contextTokens, string message) =>
        new(400, "exceed_context_size_error", message) { PromptTokens = promptTokens, ContextTokens = contextTokens };
}
