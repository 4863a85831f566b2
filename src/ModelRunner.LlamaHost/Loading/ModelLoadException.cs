namespace ModelRunner.LlamaHost.Loading;

/// <summary>A model cannot be loaded; the message gives the cause in one line, unless llama.cpp has already logged it.</summary>
internal sealed class ModelLoadException(string message) : Exception(message);
