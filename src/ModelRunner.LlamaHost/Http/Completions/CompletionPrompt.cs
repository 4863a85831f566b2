using LLama.Native;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>The prompts of a request, with its tools.</summary>
/// <param name="Prompts">One or more prompts as tokens.</param>
/// <param name="Tools">The tools that the model may call; null: none.</param>
internal sealed record CompletionPrompt(IReadOnlyList<LLamaToken[]> Prompts, ToolSet? Tools = null);
