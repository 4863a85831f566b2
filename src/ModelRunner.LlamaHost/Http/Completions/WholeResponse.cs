using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>One of the answers to a request, complete.</summary>
/// <param name="Choice">Which of them.</param>
/// <param name="Text">Its text.</param>
/// <param name="Calls">Its calls of tools.</param>
/// <param name="Tokens">The probabilities of its tokens; null: they were not asked for.</param>
internal sealed record WholeResponse(
    ChoiceResponse Choice, string Text, IReadOnlyList<ToolCall> Calls, IReadOnlyList<TokenProbability>? Tokens);
