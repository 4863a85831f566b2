namespace ModelRunner.LlamaHost.Generation;

/// <summary>A piece of an answer as the engine gives it out.</summary>
/// <param name="Text">The text; it may be empty at the end of an answer.</param>
/// <param name="Tokens">The probabilities of its tokens; empty where the request does not ask for them.</param>
internal readonly record struct TextPiece(string Text, IReadOnlyList<TokenProbability> Tokens);
