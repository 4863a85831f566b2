namespace ModelRunner.Gguf;

/// <summary>The metadata of a GGUF file that the daemon and llama-host need, without the weights and the vocabulary.</summary>
internal sealed record GgufHeader
{
    /// <summary>More layers than any model has. llama.cpp itself accepts 512.</summary>
    public const int MaxLayers = 4096;

    /// <summary>The architecture's name in llama.cpp, for instance <c>llama</c> or <c>bert</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The model's title; null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>The number of weights as text, for instance <c>7B</c>; null where it is missing.</summary>
    public string? SizeLabel { get; init; }

    /// <summary>llama.cpp's number for the quantization; null where it is missing.</summary>
    public int? FileType { get; init; }

    /// <summary>The number of layers, at most <see cref="MaxLayers"/>; 0 where it is missing.</summary>
    public long BlockCount { get; init; }

    /// <summary>The context length in tokens that it was trained for; 0 where it is missing.</summary>
    public long ContextLength { get; init; }

    /// <summary>Numbers per token; 0 where it is missing.</summary>
    public long EmbeddingLength { get; init; }

    /// <summary>The number of tokens in its vocabulary; 0 where it is missing.</summary>
    public long VocabularySize { get; init; }

    /// <summary>The numbers in all tensors of the file.</summary>
    public long Parameters { get; init; }

    /// <summary>
    /// A <see cref="StableHash"/> of its numbers, lists and kept texts, and of size, type and place of each tensor. Models with the same hash and the same
    /// size need the same memory. The texts of the vocabulary and the weights are not in it. Empty if the header was not read from a file.
    /// </summary>
    public string ShapeHash { get; init; } = "";

    /// <summary>What its layers keep for the tokens of the context.</summary>
    public CacheShape Cache { get; init; } = new();

    /// <summary>The sizes of its tensors.</summary>
    public WeightShape Weights { get; init; } = new();

    /// <summary>What it needs while it computes a batch.</summary>
    public ComputeShape Compute { get; init; } = new(0, 0);

    /// <summary>Whether it has a chat template.</summary>
    public bool HasChatTemplate { get; init; }

    /// <summary>llama.cpp's number for the pooling of embeddings; null where it is missing.</summary>
    public int? PoolingType { get; init; }
}
