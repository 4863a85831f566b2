namespace ModelRunner.LlamaHost.Grammars;

/// <summary>A JSON schema cannot be converted to a grammar; the message names the keyword and the way out in one sentence.</summary>
internal sealed class SchemaException(string message) : Exception(message);
