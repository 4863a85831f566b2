namespace ModelRunner.LlamaHost.Grammars;

/// <summary>A JSON schema cannot be turned into a grammar; the message names the keyword and the way out in one sentence.</summary>
internal sealed class SchemaException(string message) : Exception(message);
