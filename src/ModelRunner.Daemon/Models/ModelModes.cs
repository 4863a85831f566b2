using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>Derives the modes of a model from its architecture and pooling.</summary>
internal static class ModelModes
{
    // Values of llama.cpp's enumeration of pooling types.
    private const int PoolingRank = 4;

    /// <summary>The modes, the one that the model was made for first.</summary>
    /// <param name="header">The header of the file.</param>
    /// <param name="pooling">The value of <c>--pooling</c> among the arguments that the user added; null: not given.</param>
    public static IReadOnlyList<RunnerMode> Of(GgufHeader header, string? pooling = null)
    {
        if (header.PoolingType == PoolingRank)
            return [RunnerMode.Reranking];
        if (IsEncoder(header.Architecture) || header.PoolingType is > 0)
            return [RunnerMode.Embedding];

        // llama.cpp makes a vector for each token of such a model, and one for a whole text only if --pooling says how.
        return pooling switch
        {
            "mean" or "cls" or "last" => [RunnerMode.Completion, RunnerMode.Embedding],
            "rank" => [RunnerMode.Completion, RunnerMode.Reranking],
            _ => [RunnerMode.Completion],
        };
    }

    // Encoders have no causal mask: they cannot generate text.
    private static bool IsEncoder(string architecture) =>
        architecture.Contains("bert", StringComparison.Ordinal) || architecture is "t5encoder" or "gemma-embedding" or "eurobert";
}
