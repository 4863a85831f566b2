using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>What a model can be run for, by its architecture and pooling.</summary>
internal static class ModelModes
{
    // Values of llama.cpp's enumeration of poolings.
    private const int PoolingRank = 4;

    /// <summary>The modes, the one that the model was made for first.</summary>
    public static IReadOnlyList<RunnerMode> Of(GgufHeader header)
    {
        if (header.PoolingType == PoolingRank)
            return [RunnerMode.Reranking];
        if (IsEncoder(header.Architecture) || header.PoolingType is > 0)
            return [RunnerMode.Embedding];

        // llama.cpp averages the last layer of any text model, which is how many people get embeddings.
        return [RunnerMode.Completion, RunnerMode.Embedding];
    }

    // Encoders have no causal mask: they cannot write.
    private static bool IsEncoder(string architecture) =>
        architecture.Contains("bert", StringComparison.Ordinal) || architecture is "t5encoder" or "gemma-embedding" or "eurobert";
}
