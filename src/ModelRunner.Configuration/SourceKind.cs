namespace ModelRunner.Configuration;

/// <summary>The daemon's own store, or a tool whose models are used where they are. The order is that of precedence.</summary>
internal enum SourceKind
{
    /// <summary>The daemon's own store, where pulls put models. It is always used.</summary>
    Pulled,

    /// <summary>Docker Model Runner.</summary>
    Docker,

    /// <summary>The cache of Hugging Face's library, which llama.cpp uses too.</summary>
    HuggingFace,

    /// <summary>The old cache of llama.cpp.</summary>
    LlamaCpp,

    /// <summary>Ollama.</summary>
    Ollama,

    /// <summary>LM Studio.</summary>
    LmStudio,
}
