using System.Text.Json;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads whether a request asks for the probabilities of its tokens.</summary>
internal static class ProbabilityReader
{
    private const int Most = 100;

    /// <summary>Reads OpenAI's <c>logprobs</c> and <c>top_logprobs</c>, and llama-server's <c>n_probs</c>.</summary>
    /// <returns>How many of the most likely tokens to report for each token; null: no probabilities.</returns>
    /// <exception cref="ApiException">A member is wrong.</exception>
    public static int? Read(RequestBody body)
    {
        int top = (int)body.Integer("top_logprobs", 0, 0, Most);
        int own = (int)body.Integer("n_probs", 0, 0, Most);
        JsonElement? asked = body.Find("logprobs");
        if (asked is { ValueKind: JsonValueKind.True })
            return Math.Max(top, own);
        if (top > 0)
            throw ApiException.Invalid("\"top_logprobs\" needs \"logprobs\": true");

        // Plain completions contain the number itself.
        int number = asked is null or { ValueKind: JsonValueKind.False } ? 0 : (int)body.Integer("logprobs", 0, 0, Most);
        return Math.Max(number, own) is var most and > 0 ? most : null;
    }
}
