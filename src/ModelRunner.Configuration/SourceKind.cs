namespace ModelRunner.Configuration;

/// <summary>A tool whose models are used where they are. The order is that of precedence.</summary>
internal enum SourceKind
{
    /// <summary>The cache of Hugging Face's library, which llama.cpp uses too.</summary>
    HuggingFace,

    /// <summary>The old cache of llama.cpp.</summary>
    LlamaCpp,

    /// <summary>Ollama.</summary>
    Ollama,

    /// <summary>LM Studio.</summary>
    LmStudio,
}
