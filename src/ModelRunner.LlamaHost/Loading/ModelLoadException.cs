namespace ModelRunner.LlamaHost.Loading;

/// <summary>A model cannot be loaded; the message says why in one line, as far as llama.cpp's own log lines did not.</summary>
internal sealed class ModelLoadException(string message) : Exception(message);
