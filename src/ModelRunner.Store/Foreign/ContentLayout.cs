namespace ModelRunner.Store.Foreign;

/// <summary>How a tool names files by their SHA-256.</summary>
internal enum ContentLayout
{
    /// <summary><c>blobs/sha256/HEX</c>, as Docker Model Runner.</summary>
    Artifacts,

    /// <summary><c>models--ORG--REPO/blobs/HEX</c>, as Hugging Face's library and llama.cpp.</summary>
    HuggingFace,

    /// <summary><c>blobs/sha256-HEX</c>, as Ollama.</summary>
    Ollama,
}
