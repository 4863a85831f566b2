namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The errors of llama-server and llama-host that a request causes, although their status is 500.</summary>
internal static class LlamaErrors
{
    /// <summary>The message of both for a path that they do not serve; its status is 404.</summary>
    public const string NoRoute = "File Not Found";

    public static IReadOnlyList<KnownError> All { get; } =
    [
        // A picture or a sound without a projector.
        new("input is not supported", KnownError.Unsupported, Remedy: null),

        // An embedding or reranking input that exceeds the batch, which the daemon makes as large as the context.
        new("is too large to process", "context_length_exceeded", "send a shorter input, or raise contextSize in the configuration of the model"),
    ];
}
