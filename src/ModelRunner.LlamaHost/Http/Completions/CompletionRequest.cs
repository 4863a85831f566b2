using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>A request for text: what to generate, and how to send it.</summary>
/// <param name="Settings">What to generate.</param>
/// <param name="IsStream">Whether the answer goes out piece by piece.</param>
/// <param name="IncludesUsage">Whether a stream's last event tells the numbers of tokens.</param>
internal sealed record CompletionRequest(GenerationSettings Settings, bool IsStream, bool IncludesUsage);
