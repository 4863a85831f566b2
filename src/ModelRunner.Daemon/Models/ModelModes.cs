using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>What a model can be run for, by its architecture and pooling.</summary>
internal static class ModelModes
{
    // Values of llama.cpp's enumeration of poolings.
    private const int PoolingRank = 4;

    /// <summary>The modes, the one that the model was made for first.</summary>
    /// <param name="header">What the file says.</param>
    /// <param name="pooling">The value of <c>--pooling</c> among the arguments that the user added; null: there is none.</param>
    public static IReadOnlyList<RunnerMode> Of(GgufHeader header, string? pooling = null)
    {
        if (header.PoolingType == PoolingRank)
            return [RunnerMode.Reranking];
        if (IsEncoder(header.Architecture) || header.PoolingType is > 0)
            return [RunnerMode.Embedding];

        // llama.cpp makes a vector for each token of such a model, and none for a text, unless it is told how to make one of many.
        return pooling switch
        {
            "mean" or "cls" or "last" => [RunnerMode.Completion, RunnerMode.Embedding],
            "rank" => [RunnerMode.Completion, RunnerMode.Reranking],
            _ => [RunnerMode.Completion],
        };
    }

    // Encoders have no causal mask: they cannot write.
    private static bool IsEncoder(string architecture) =>
        architecture.Contains("bert", StringComparison.Ordinal) || architecture is "t5encoder" or "gemma-embedding" or "eurobert";
}
