namespace ModelRunner.LlamaHost.Generation;

/// <summary>A piece of a response as the engine writes it.</summary>
/// <param name="Text">The text; it may be empty at the end of a response.</param>
/// <param name="Tokens">The probabilities of its tokens; empty where the request does not ask for them.</param>
internal readonly record struct TextPiece(string Text, IReadOnlyList<TokenProbability> Tokens);
