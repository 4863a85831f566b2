namespace ModelRunner.Store.Foreign;

/// <summary>How a tool names the files of models.</summary>
internal enum ContentLayout
{
    /// <summary><c>blobs/sha256/HEX</c>, as Docker Model Runner.</summary>
    Artifacts,

    /// <summary><c>models--ORG--REPO/blobs/HEX</c>, as Hugging Face's library and llama.cpp.</summary>
    HuggingFace,

    /// <summary><c>blobs/sha256-HEX</c>, as Ollama.</summary>
    Ollama,

    /// <summary><c>PUBLISHER/REPO/FILE.gguf</c>, as LM Studio. The name says nothing about the bytes.</summary>
    LmStudio,

    /// <summary><c>FILE.gguf</c>, as the old cache of llama.cpp. The name says nothing about the bytes.</summary>
    LlamaCpp,
}
