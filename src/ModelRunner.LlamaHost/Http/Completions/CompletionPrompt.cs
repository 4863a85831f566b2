using LLama.Native;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>What a request wants to be continued.</summary>
/// <param name="Prompts">One or more prompts as tokens.</param>
/// <param name="Tools">The tools that the model may call; null: none.</param>
internal sealed record CompletionPrompt(IReadOnlyList<LLamaToken[]> Prompts, ToolSet? Tools = null);
