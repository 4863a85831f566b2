using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>A piece of a response: some text, or one complete tool call.</summary>
/// <param name="Text">The text; null: it is a call.</param>
/// <param name="Call">The call; null: it is text.</param>
/// <param name="Tokens">The probabilities of the text's tokens; null: they were not asked for.</param>
internal readonly record struct AnswerPiece(string? Text, ToolCall? Call, IReadOnlyList<TokenProbability>? Tokens = null);
