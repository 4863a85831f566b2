using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>One complete choice of a response.</summary>
/// <param name="Choice">The choice.</param>
/// <param name="Text">Its text.</param>
/// <param name="Calls">Its tool calls.</param>
/// <param name="Tokens">The probabilities of its tokens; null: the request did not ask for them.</param>
internal sealed record WholeResponse(
    ChoiceResponse Choice, string Text, IReadOnlyList<ToolCall> Calls, IReadOnlyList<TokenProbability>? Tokens);
