namespace ModelRunner.LlamaHost.Native;

/// <summary>llama.cpp cannot be loaded; the message says why in one sentence.</summary>
internal sealed class NativeLibraryException(string message) : Exception(message);
