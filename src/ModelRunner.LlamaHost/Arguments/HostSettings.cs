using LLama.Native;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Arguments;

/// <summary>The settings of the command line, checked and immutable.</summary>
internal sealed record HostSettings
{
    /// <summary>The GGUF file.</summary>
    public string ModelPath { get; init; } = "";

    /// <summary>The model's name in the API; empty: the path.</summary>
    public string Alias { get; init; } = "";

    /// <summary>A path that ends in <c>.sock</c>, or an IP address.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port; ignored for a socket.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Whether <c>/metrics</c> is served.</summary>
    public bool HasMetrics { get; init; }

    /// <summary>Whether the model makes vectors instead of text.</summary>
    public bool IsEmbedding { get; init; }

    /// <summary>How the vectors of an input's tokens are combined; <see cref="LLamaPoolingType.Unspecified"/>: the model's own way.</summary>
    public LLamaPoolingType Pooling { get; init; } = LLamaPoolingType.Unspecified;

    /// <summary>Tokens of context over all slots; 0: chosen by <see cref="Loading.ContextSize"/>.</summary>
    public int ContextSize { get; init; }

    /// <summary>The number of concurrent requests.</summary>
    public int SlotCount { get; init; } = 4;

    /// <summary>Compute threads; 0: chosen by <see cref="Loading.ThreadCount"/>.</summary>
    public int Threads { get; init; }

    /// <summary>Compute threads for prompts; 0: as <see cref="Threads"/>.</summary>
    public int BatchThreads { get; init; }

    /// <summary>Tokens in one decode call, for embeddings also the longest input; 0: chosen by <see cref="Loading.BatchSize"/>.</summary>
    public int BatchSize { get; init; }

    /// <summary>The most tokens of a response if the request sets no limit; -1: no limit.</summary>
    public int MaxTokens { get; init; } = -1;

    /// <summary>Whether the contents of a slot's cache are reused if the request does not say.</summary>
    public bool UsesCache { get; init; } = true;

    /// <summary>A chat template to use instead of the model's own, or the name of a well-known one; null: the model's own.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The sampling settings for requests that set none.</summary>
    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>The most time for one step of a grammar in llama.cpp, after which the program ends.</summary>
    public TimeSpan GrammarLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The set of CPU instructions to use; null: the fastest for this CPU.</summary>
    public string? CpuVariant { get; init; }

    /// <summary>Whether <see cref="Host"/> is the path of a Unix socket.</summary>
    public bool IsUnixSocket => Host.EndsWith(".sock", StringComparison.Ordinal);

    /// <summary>The model's name in the API.</summary>
    public string ModelName => Alias.Length > 0 ? Alias : ModelPath;
}
