using System.Globalization;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads the members that chat and plain completions have in common.</summary>
internal static class CompletionRequestReader
{
    private const int MaxStopTexts = 64;

    // All choices wait in the queue and keep their text until the complete response is sent.
    private const int MaxChoices = 128;

    // Each choice parses the grammar by itself.
    private const long MaxGrammarCharacters = 2_000_000;

    /// <summary>Reads a request whose prompts are already tokenized.</summary>
    /// <param name="body">The request.</param>
    /// <param name="prompts">The prompts as tokens; at least one.</param>
    /// <param name="model">The model, for its limits.</param>
    /// <param name="grammar">A grammar for the response; null: none.</param>
    /// <param name="hasTools">Whether the response may contain tool calls, whose tags are special tokens in some models.</param>
    /// <exception cref="ApiException">A member is invalid, a function is not supported, or a prompt is too long.</exception>
    public static CompletionRequest Read(RequestBody body, IReadOnlyList<LLamaToken[]> prompts, LoadedModel model, string? grammar, bool hasTools)
    {
        int answers = (int)body.Integer("n", 1, 1, MaxChoices);
        CheckPromptCount(prompts.Count, answers);
        if (prompts.Count * answers * (long)(grammar?.Length ?? 0) > MaxGrammarCharacters)
        {
            throw ApiException.Invalid(FormattableString.Invariant(
                $"the grammar or schema is too large for {prompts.Count * answers} answers at once; ask for fewer, or make it smaller"));
        }

        if (hasTools && ProbabilityReader.Read(body) is not null)
            throw ApiException.Invalid("\"logprobs\" and \"tools\" cannot be used together here; leave one of them out");

        var common = new GenerationSettings
        {
            Prompt = [],
            MaxTokens = ReadMaxTokens(body, model.Settings.MaxTokens),
            StopTexts = ReadStopTexts(body),
            UsesCache = body.Boolean("cache_prompt", model.Settings.UsesCache),
            Grammar = grammar,
            Probabilities = ProbabilityReader.Read(body),
            ShowsSpecial = grammar is not null || hasTools,
            Sampling = SamplingReader.Read(body, model),
        };
        IEnumerable<GenerationSettings> choices = prompts.SelectMany(
            prompt => Enumerable.Range(0, answers).Select(index => common with { Prompt = prompt, Sampling = Varied(common.Sampling, index) }));
        return new CompletionRequest(
            [.. choices], answers, prompts.Sum(prompt => prompt.Length), body.Boolean("stream", false), ReadIncludesUsage(body));
    }

    /// <summary>Refuses texts that cannot fit the context.</summary>
    public static void CheckBytes(IEnumerable<JsonElement> texts, LoadedModel model) =>
        PromptBytes.Check(texts, model, model.SlotTokens, tokens => DescribeTooLong($"at least {tokens}", model));

    /// <summary>Tokenizes one prompt.</summary>
    /// <exception cref="ApiException">It is empty or too long.</exception>
    public static LLamaToken[] Tokenize(string prompt, LoadedModel model)
    {
        PromptBytes.Check(prompt, model, model.SlotTokens, tokens => DescribeTooLong($"at least {tokens}", model));
        return CheckLength(model.Tokenize(prompt), model);
    }

    /// <summary>Refuses too many prompts.</summary>
    /// <exception cref="ApiException">There are too many.</exception>
    public static void CheckPromptCount(int prompts, int answers)
    {
        if ((long)prompts * answers > MaxChoices)
        {
            throw ApiException.Invalid(string.Create(
                CultureInfo.InvariantCulture,
                $"{prompts} prompts with \"n\" {answers} are {(long)prompts * answers} answers; at most {MaxChoices} can be asked for at once"));
        }
    }

    /// <summary>Refuses an empty prompt, and one that does not fit the context.</summary>
    /// <returns>The prompt.</returns>
    /// <exception cref="ApiException">It is empty or too long.</exception>
    public static LLamaToken[] CheckLength(LLamaToken[] prompt, LoadedModel model)
    {
        if (prompt.Length == 0)
            throw ApiException.Invalid("the prompt must not be empty");
        return prompt.Length < model.SlotTokens ? prompt
            : throw ApiException.TooLong(prompt.Length, model.SlotTokens, DescribeTooLong($"{prompt.Length}", model));
    }

    // The choices of one prompt differ even with a fixed seed, and are the same when the request is repeated.
    private static SamplingSettings Varied(SamplingSettings sampling, int index) =>
        sampling.Seed is { } seed ? sampling with { Seed = unchecked(seed + (uint)index) } : sampling;

    private static string DescribeTooLong(string tokens, LoadedModel model) => FormattableString.Invariant(
        $"request ({tokens} tokens) exceeds the available context size ({model.SlotTokens} tokens), try increasing it");

    // OpenAI's newer name has priority over the older one; llama-server's own name comes last. -1 means no limit.
    private static int ReadMaxTokens(RequestBody body, int fallback)
    {
        foreach (string name in (ReadOnlySpan<string>)["max_completion_tokens", "max_tokens", "n_predict"])
        {
            if (body.Find(name) is not { } value)
                continue;
            long tokens = body.Integer(name, -1, -1, int.MaxValue);
            if (tokens == 0)
                throw RequestBody.Wrong(name, value, "at least 1, or -1 for no limit");
            return tokens < 0 ? int.MaxValue : (int)tokens;
        }

        return fallback > 0 ? fallback : int.MaxValue;
    }

    private static IReadOnlyList<string> ReadStopTexts(RequestBody body) =>
        body.Find("stop") is { } stop ? [.. RequestBody.Texts("stop", stop, MaxStopTexts).Where(text => text.Length > 0)] : [];

    private static bool ReadIncludesUsage(RequestBody body)
    {
        if (body.Find("stream_options") is not { } options)
            return false;
        if (options.ValueKind != JsonValueKind.Object)
            throw RequestBody.Wrong("stream_options", options, "an object");
        return new RequestBody(options).Boolean("include_usage", false);
    }
}
