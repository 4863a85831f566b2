using System.Globalization;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads what chat and plain completions have in common.</summary>
internal static class CompletionRequestReader
{
    private const int MaxStopTexts = 64;

    /// <summary>Reads a request whose prompt is known.</summary>
    /// <param name="body">The request.</param>
    /// <param name="prompt">The prompt as tokens.</param>
    /// <param name="model">The model, for its limits.</param>
    /// <exception cref="ApiException">A member is wrong, something is asked for that cannot be done, or the prompt is too long.</exception>
    public static CompletionRequest Read(RequestBody body, LLamaToken[] prompt, LoadedModel model)
    {
        if (prompt.Length == 0)
            throw ApiException.Invalid("the prompt must not be empty");
        if (prompt.Length >= model.SlotTokens)
        {
            throw ApiException.TooLong(prompt.Length, model.SlotTokens, FormattableString.Invariant(
                $"request ({prompt.Length} tokens) exceeds the available context size ({model.SlotTokens} tokens), try increasing it"));
        }

        if (body.Integer("n", 1, 0, int.MaxValue) != 1)
            throw ApiException.Invalid("\"n\" must be 1: one request gets one answer");
        if (body.Integer("best_of", 1, 0, int.MaxValue) != 1)
            throw ApiException.Invalid("\"best_of\" must be 1: one request gets one answer");

        var settings = new GenerationSettings
        {
            Prompt = prompt,
            MaxTokens = ReadMaxTokens(body),
            StopTexts = ReadStopTexts(body),
            UsesCache = body.Boolean("cache_prompt", true),
            Sampling = ReadSampling(body, model),
        };
        return new CompletionRequest(settings, body.Boolean("stream", false), ReadIncludesUsage(body));
    }

    private static SamplingSettings ReadSampling(RequestBody body, LoadedModel model)
    {
        var defaults = new SamplingSettings();
        return defaults with
        {
            Temperature = body.Number("temperature", defaults.Temperature, 0, 100),
            TopK = (int)body.Integer("top_k", defaults.TopK, -1, int.MaxValue),
            TopP = body.Number("top_p", defaults.TopP, 0, 1),
            MinP = body.Number("min_p", defaults.MinP, 0, 1),
            RepeatLastN = (int)body.Integer("repeat_last_n", defaults.RepeatLastN, 0, 65536),
            RepeatPenalty = body.Number("repeat_penalty", defaults.RepeatPenalty, 0.01f, 100),
            FrequencyPenalty = body.Number("frequency_penalty", 0, -2, 2),
            PresencePenalty = body.Number("presence_penalty", 0, -2, 2),
            Seed = body.Integer("seed", -1, long.MinValue, long.MaxValue) is var seed and not -1 ? unchecked((uint)seed) : null,
            LogitBias = ReadLogitBias(body, model.Model.Vocab.Count),
            IgnoresEnd = body.Boolean("ignore_eos", false),
        };
    }

    // The newer of OpenAI's two names goes before the older, and llama-server's own comes last. -1 means without limit.
    private static int ReadMaxTokens(RequestBody body)
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

        return int.MaxValue;
    }

    private static IReadOnlyList<string> ReadStopTexts(RequestBody body)
    {
        if (body.Find("stop") is not { } stop)
            return [];
        if (stop.ValueKind != JsonValueKind.Array)
            return RequestBody.Text("stop", stop) is { Length: > 0 } text ? [text] : [];
        if (stop.GetArrayLength() > MaxStopTexts)
            throw ApiException.Invalid(string.Create(
                CultureInfo.InvariantCulture, $"\"stop\" has {stop.GetArrayLength()} texts; at most {MaxStopTexts} can be used"));
        return [.. stop.EnumerateArray().Select(item => RequestBody.Text("stop", item)).Where(item => item.Length > 0)];
    }

    // OpenAI's form is an object, llama.cpp's a list of pairs of which the second may be false: never.
    private static Dictionary<int, float> ReadLogitBias(RequestBody body, int knownTokens)
    {
        var biases = new Dictionary<int, float>();
        if (body.Find("logit_bias") is not { } value)
            return biases;

        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty pair in value.EnumerateObject())
            {
                if (!int.TryParse(pair.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int token) || token >= knownTokens)
                    throw ApiException.Invalid($"\"logit_bias\" has the key \"{pair.Name}\", which is not the number of a token");
                biases[token] = ReadBias(pair.Value);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement pair in value.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || !pair[0].TryGetToken(knownTokens, out int token))
                    throw RequestBody.Wrong("logit_bias", pair, "an object, or a list of pairs of a token's number and a bias");
                biases[token] = ReadBias(pair[1]);
            }
        }
        else
        {
            throw RequestBody.Wrong("logit_bias", value, "an object, or a list of pairs of a token's number and a bias");
        }

        return biases;
    }

    private static bool TryGetToken(this JsonElement value, int knownTokens, out int token)
    {
        token = -1;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out token) && token >= 0 && token < knownTokens;
    }

    private static float ReadBias(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => float.NegativeInfinity,
        JsonValueKind.Number when value.TryGetSingle(out float bias) && float.IsFinite(bias) => bias,
        _ => throw RequestBody.Wrong("logit_bias", value, "made of numbers"),
    };

    private static bool ReadIncludesUsage(RequestBody body)
    {
        if (body.Find("stream_options") is not { } options)
            return false;
        if (options.ValueKind != JsonValueKind.Object)
            throw RequestBody.Wrong("stream_options", options, "an object");
        return new RequestBody(options).Boolean("include_usage", false);
    }
}
