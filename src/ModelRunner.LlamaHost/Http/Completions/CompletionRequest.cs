using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>A request for text: what to generate, and how to send it.</summary>
/// <param name="Choices">The choices to generate: for each prompt the requested number, in the order of the response.</param>
/// <param name="AnswersPerPrompt">The number of choices for each prompt.</param>
/// <param name="PromptTokens">Tokens of all prompts, each counted once.</param>
/// <param name="IsStream">Whether the response is sent as a stream.</param>
/// <param name="IncludesUsage">Whether a stream's last event contains the numbers of tokens.</param>
internal sealed record CompletionRequest(
    IReadOnlyList<GenerationSettings> Choices, int AnswersPerPrompt, int PromptTokens, bool IsStream, bool IncludesUsage)
{
    /// <summary>The sum over all choices. A prompt with several choices counts once.</summary>
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
