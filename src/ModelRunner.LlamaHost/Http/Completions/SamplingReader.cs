using System.Globalization;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads the sampling parameters of a request.</summary>
internal static class SamplingReader
{
    private const float MaxBias = 1_000_000;
    private const int MaxBreakers = 64;
    private const string BiasForm = "an object, or a list of pairs of a token and a bias";

    /// <summary>Reads all members; missing ones have the defaults of the command line.</summary>
    /// <exception cref="ApiException">A member is wrong.</exception>
    public static SamplingSettings Read(RequestBody body, LoadedModel model)
    {
        SamplingSettings settings = model.Settings.Sampling;
        foreach (SamplingParameter parameter in SamplingParameters.All)
        {
            double? value = parameter.IsWhole
                ? body.Find(parameter.Member) is null ? null : body.Integer(parameter.Member, 0, (long)parameter.Least, (long)parameter.Most)
                : body.Number(parameter.Member, parameter.Least, parameter.Most);
            if (value is { } number)
                settings = parameter.Apply(settings, number);
        }

        return settings with
        {
            Order = ReadOrder(body) ?? settings.Order,
            DryBreakers = ReadBreakers(body) ?? settings.DryBreakers,
            Seed = ReadSeed(body, settings.Seed),
            LogitBias = ReadLogitBias(body, model) ?? settings.LogitBias,
            IgnoresEnd = body.Boolean("ignore_eos", settings.IgnoresEnd),
        };
    }

    private static uint? ReadSeed(RequestBody body, uint? fallback) =>
        body.Find("seed") is null ? fallback
            : body.Integer("seed", -1, long.MinValue, long.MaxValue) is var seed and not -1 ? unchecked((uint)seed) : null;

    private static IReadOnlyList<SamplerKind>? ReadOrder(RequestBody body)
    {
        if (body.Find("samplers") is not { } value)
            return null;
        IEnumerable<string> names = value.ValueKind == JsonValueKind.Array
            ? RequestBody.Texts("samplers", value, 32)
            : RequestBody.Text("samplers", value).Split(';', StringSplitOptions.RemoveEmptyEntries);
        return SamplerNames.Parse(names) ?? throw RequestBody.Wrong("samplers", value, SamplerNames.Known);
    }

    private static IReadOnlyList<string>? ReadBreakers(RequestBody body)
    {
        const string Name = "dry_sequence_breakers";
        if (body.Find(Name) is not { } value)
            return null;
        IReadOnlyList<string> breakers = RequestBody.Texts(Name, value, MaxBreakers);
        if (breakers.Count == 0 || breakers.Any(breaker => breaker.Length == 0 || breaker.Contains('\0')))
            throw RequestBody.Wrong(Name, value, "a list of texts that are not empty and have no zero character");
        return breakers;
    }

    // OpenAI's format is an object. llama.cpp's is a list of pairs, in which a token can be a string, and the bias can be false, which bans
    // it.
    private static Dictionary<LLamaToken, float>? ReadLogitBias(RequestBody body, LoadedModel model)
    {
        if (body.Find("logit_bias") is not { } value)
            return null;
        var biases = new Dictionary<LLamaToken, float>();
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty pair in value.EnumerateObject())
                biases[ReadKey(pair.Name, model)] = ReadBias(pair.Value);
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement pair in value.EnumerateArray())
            {
                if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2)
                    throw RequestBody.Wrong("logit_bias", pair, BiasForm);
                float bias = ReadBias(pair[1]);
                foreach (LLamaToken token in ReadTokens(pair[0], model))
                    biases[token] = bias;
            }
        }
        else
        {
            throw RequestBody.Wrong("logit_bias", value, BiasForm);
        }

        return biases;
    }

    private static LLamaToken ReadKey(string name, LoadedModel model) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int token) && token < model.Model.Vocab.Count
            ? (LLamaToken)token
            : throw ApiException.Invalid($"\"logit_bias\" has the key \"{name}\", which is not the number of a token");

    private static LLamaToken[] ReadTokens(JsonElement value, LoadedModel model)
    {
        if (value.ValueKind == JsonValueKind.String)
            return model.Tokenize(RequestBody.Text("logit_bias", value), addsSpecial: false);
        bool isToken = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int token) && token >= 0
            && token < model.Model.Vocab.Count;
        return isToken ? [(LLamaToken)value.GetInt32()] : throw RequestBody.Wrong("logit_bias", value, BiasForm);
    }

    private static float ReadBias(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => float.NegativeInfinity,
        JsonValueKind.Number when value.TryGetSingle(out float bias) && MathF.Abs(bias) <= MaxBias => bias,
        _ => throw RequestBody.Wrong("logit_bias", value, "made of numbers from -1000000 to 1000000"),
    };
}
