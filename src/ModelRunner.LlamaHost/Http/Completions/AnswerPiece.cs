using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>A piece of an answer: some text, or one whole call of a tool.</summary>
internal readonly record struct AnswerPiece(string? Text, ToolCall? Call);
