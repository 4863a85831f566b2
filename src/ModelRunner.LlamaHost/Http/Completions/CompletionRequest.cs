using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>A request for text: what to generate, and how to send it.</summary>
/// <param name="Choices">What to generate: for each prompt as many answers as were asked for, in the order of the answer.</param>
/// <param name="AnswersPerPrompt">How many of them belong to each prompt.</param>
/// <param name="PromptTokens">Tokens of all prompts, each counted once.</param>
/// <param name="IsStream">Whether the answer goes out piece by piece.</param>
/// <param name="IncludesUsage">Whether a stream's last event tells the numbers of tokens.</param>
internal sealed record CompletionRequest(
    IReadOnlyList<GenerationSettings> Choices, int AnswersPerPrompt, int PromptTokens, bool IsStream, bool IncludesUsage)
{
    /// <summary>What all choices came to together. A prompt with several answers counts once.</summary>
    public GenerationOutcome Sum(IReadOnlyList<ChoiceResponse> choices) => new()
    {
        Reason = choices[0].Outcome.Reason,
        PromptTokens = PromptTokens,
        CachedTokens = choices.Where(choice => choice.Index % AnswersPerPrompt == 0).Sum(choice => choice.Outcome.CachedTokens),
        PredictedTokens = choices.Sum(choice => choice.Outcome.PredictedTokens),
        PromptTime = choices.Max(choice => choice.Outcome.PromptTime),
        PredictedTime = choices.Max(choice => choice.Outcome.PredictedTime),
    };
}
