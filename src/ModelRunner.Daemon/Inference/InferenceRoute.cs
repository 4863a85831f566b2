using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference;

/// <summary>An inference route.</summary>
/// <param name="Path">The route after the prefix.</param>
/// <param name="RunnerPath">The route at the runner, without a slash in front.</param>
/// <param name="Mode">The mode of the runner that serves it.</param>
internal sealed record InferenceRoute(string Path, string RunnerPath, RunnerMode Mode)
{
    /// <summary>All inference routes.</summary>
    public static IReadOnlyList<InferenceRoute> All { get; } =
    [
        new("/v1/chat/completions", "v1/chat/completions", RunnerMode.Completion),
        new("/v1/completions", "v1/completions", RunnerMode.Completion),
        new("/v1/embeddings", "v1/embeddings", RunnerMode.Embedding),
        new("/v1/rerank", "v1/rerank", RunnerMode.Reranking),
        new("/rerank", "v1/rerank", RunnerMode.Reranking),
        new("/v1/responses", "v1/responses", RunnerMode.Completion),
        new("/responses", "v1/responses", RunnerMode.Completion),
        new("/v1/messages", "v1/messages", RunnerMode.Completion),
        new("/v1/messages/count_tokens", "v1/messages/count_tokens", RunnerMode.Completion),
        new("/anthropic/v1/messages", "v1/messages", RunnerMode.Completion) { HasPrefixes = false },
        new("/anthropic/v1/messages/count_tokens", "v1/messages/count_tokens", RunnerMode.Completion) { HasPrefixes = false },
        new("/v1/audio/speech", "v1/audio/speech", RunnerMode.Completion),
        new("/v1/images/generations", "v1/images/generations", RunnerMode.Completion),
        new("/infill", "infill", RunnerMode.Completion),
        new("/apply-template", "apply-template", RunnerMode.Completion),
        new("/tokenize", "tokenize", RunnerMode.Completion) { TakesAnyMode = true },
        new("/detokenize", "detokenize", RunnerMode.Completion) { TakesAnyMode = true },
    ];

    /// <summary>What a request asks for, in the words of OpenTelemetry's conventions where they have one.</summary>
    public string Operation => RunnerPath switch
    {
        "v1/chat/completions" or "v1/responses" or "v1/messages" => "chat",
        "v1/completions" or "infill" => "text_completion",
        "v1/embeddings" => "embeddings",
        "v1/rerank" => "rerank",
        "v1/messages/count_tokens" => "count_tokens",
        "v1/audio/speech" => "speech",
        "v1/images/generations" => "image_generation",
        "apply-template" => "apply_template",
        _ => RunnerPath,
    };

    /// <summary>Which servers have the route, a clause; empty: all.</summary>
    public string Needs => RunnerPath switch
    {
        "v1/audio/speech" or "v1/images/generations" => "only with a server that has them",
        "v1/rerank" or "v1/responses" or "v1/messages" or "v1/messages/count_tokens" or "infill" => "only with llama-server or an attached runner",
        _ => "",
    };

    /// <summary>Whether <c>"stream": true</c> asks for an event stream.</summary>
    public bool HasStreams => RunnerPath is "v1/chat/completions" or "v1/completions" or "v1/responses" or "v1/messages" or "infill";

    /// <summary>Whether the route exists under every prefix, or only without one.</summary>
    public bool HasPrefixes { get; init; } = true;

    /// <summary>Whether runners of every mode serve it, so that an embedding model needs no completion mode.</summary>
    public bool TakesAnyMode { get; init; }

    /// <summary>The route with a mode that the model supports.</summary>
    public InferenceRoute For(ModelEntry model) =>
        TakesAnyMode && model.Modes.Count > 0 && !model.Modes.Contains(Mode) ? this with { Mode = model.Modes[0] } : this;
}
