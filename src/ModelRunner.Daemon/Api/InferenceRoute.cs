using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>One thing that can be asked of a model.</summary>
/// <param name="Path">The route after the prefix.</param>
/// <param name="RunnerPath">The route at the runner, without a slash in front.</param>
/// <param name="Mode">The mode of the runner that serves it.</param>
internal sealed record InferenceRoute(string Path, string RunnerPath, RunnerMode Mode)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<InferenceRoute> All { get; } =
    [
        new("/v1/chat/completions", "v1/chat/completions", RunnerMode.Completion),
        new("/v1/completions", "v1/completions", RunnerMode.Completion),
        new("/v1/embeddings", "v1/embeddings", RunnerMode.Embedding),
        new("/v1/rerank", "v1/rerank", RunnerMode.Reranking),
        new("/rerank", "v1/rerank", RunnerMode.Reranking),
    ];
}
