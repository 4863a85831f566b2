using System.Diagnostics.CodeAnalysis;
using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>Builds llama.cpp's chain of samplers in llama-server's way.</summary>
/// <param name="model">The model whose tokens are chosen.</param>
/// <param name="slotTokens">The context of one slot, which is the most that penalties look back.</param>
internal sealed class SamplerFactory(SafeLlamaModelHandle model, int slotTokens)
{
    // Below this temperature a division would overflow, and the most likely token is chosen anyway.
    private const float LeastTemperature = 0.001f;

    // llama-server's value with which Mirostat 1 estimates the distribution.
    private const int MirostatTokens = 100;

    private readonly Lazy<LLamaToken[]> _ends = new(() => FindEnds(model));

    /// <summary>Builds a chain for one request; the caller disposes it.</summary>
    /// <param name="settings">The sampling settings of the request.</param>
    /// <param name="prompt">The prompt, whose last tokens count for the penalties.</param>
    public SafeLLamaSamplerChainHandle Create(SamplingSettings settings, ReadOnlySpan<LLamaToken> prompt)
    {
        SafeLLamaSamplerChainHandle chain = SafeLLamaSamplerChainHandle.Create(LLamaSamplerChainParams.Default());
        AddBias(chain, settings);
        uint seed = settings.Seed ?? AnySeed();
        if (settings.Mirostat > 0 && settings.Temperature >= LeastTemperature)
            AddMirostat(chain, settings, seed);
        else
            AddOrdered(chain, settings, seed);

        foreach (LLamaToken token in prompt[Math.Max(0, prompt.Length - LookBack(settings))..])
            chain.Accept(token);
        return chain;
    }

    private static void AddTemperature(SafeLLamaSamplerChainHandle chain, SamplingSettings settings)
    {
        if (settings.DynamicTemperatureRange > 0 && settings.Temperature >= LeastTemperature)
            chain.AddDynamicTemperature(settings.Temperature, settings.DynamicTemperatureRange, settings.DynamicTemperatureExponent);
        else
            chain.AddTemperature(settings.Temperature >= LeastTemperature ? settings.Temperature : 0);
    }

    private void AddMirostat(SafeLLamaSamplerChainHandle chain, SamplingSettings settings, uint seed)
    {
        chain.AddTemperature(settings.Temperature);
        if (settings.Mirostat == 1)
            chain.AddMirostat1Sampler(model.Vocab.Count, seed, settings.MirostatTau, settings.MirostatEta, MirostatTokens);
        else
            chain.AddMirostat2Sampler(seed, settings.MirostatTau, settings.MirostatEta);
    }

    private void AddOrdered(SafeLLamaSamplerChainHandle chain, SamplingSettings settings, uint seed)
    {
        // Without randomness only samplers that change the order of tokens matter; filters would only cost time.
        bool isGreedy = settings.Temperature < LeastTemperature && settings.XtcProbability <= 0
            && settings.Order.Contains(SamplerKind.Temperature);
        foreach (SamplerKind kind in settings.Order)
        {
            if (!isGreedy || kind is SamplerKind.Penalties or SamplerKind.Dry)
                Add(chain, kind, settings, seed);
        }

        if (isGreedy)
            chain.AddGreedySampler();
        else if (settings.AdaptiveTarget >= 0)
            chain.AddAdaptiveP(settings.AdaptiveTarget, settings.AdaptiveDecay, seed);
        else
            chain.AddDistributionSampler(seed);
    }

    private void Add(SafeLLamaSamplerChainHandle chain, SamplerKind kind, SamplingSettings settings, uint seed)
    {
        int keep = Math.Max(1, settings.MinKeep);
        switch (kind)
        {
            case SamplerKind.Penalties when settings.HasPenalties:
                chain.AddPenalties(
                    Limited(settings.RepeatLastN), settings.RepeatPenalty, settings.FrequencyPenalty, settings.PresencePenalty);
                break;
            case SamplerKind.Dry when settings.HasDry:
                chain.AddDry(
                    model, settings.DryBreakers.ToArray(), settings.DryMultiplier, settings.DryBase, settings.DryAllowedLength,
                    Limited(settings.DryPenaltyLastN));
                break;
            case SamplerKind.TopNSigma when settings.TopNSigma > 0:
                chain.AddTopNSigma(settings.TopNSigma);
                break;
            case SamplerKind.TopK when settings.TopK > 0:
                chain.AddTopK(settings.TopK);
                break;
            case SamplerKind.TypicalP when settings.TypicalP < 1:
                chain.AddTypical(settings.TypicalP, keep);
                break;
            case SamplerKind.TopP when settings.TopP < 1:
                chain.AddTopP(settings.TopP, keep);
                break;
            case SamplerKind.MinP when settings.MinP > 0:
                chain.AddMinP(settings.MinP, keep);
                break;
            case SamplerKind.Xtc when settings.XtcProbability > 0:
                chain.AddXTC(settings.XtcProbability, settings.XtcThreshold, keep, seed);
                break;
            case SamplerKind.Temperature:
                AddTemperature(chain, settings);
                break;
        }
    }

    private int LookBack(SamplingSettings settings) => Math.Max(
        settings.HasPenalties ? Limited(settings.RepeatLastN) : 0, settings.HasDry ? Limited(settings.DryPenaltyLastN) : 0);

    private int Limited(int lastTokens) => lastTokens < 0 ? slotTokens : Math.Min(lastTokens, slotTokens);

    private void AddBias(SafeLLamaSamplerChainHandle chain, SamplingSettings settings)
    {
        var biases = new List<LLamaLogitBias>();
        foreach ((LLamaToken token, float bias) in settings.LogitBias)
            biases.Add(new LLamaLogitBias { Token = token, Bias = bias });
        if (settings.IgnoresEnd)
        {
            foreach (LLamaToken token in _ends.Value)
                biases.Add(new LLamaLogitBias { Token = token, Bias = float.NegativeInfinity });
        }

        if (biases.Count > 0)
            chain.AddLogitBias(model.Vocab.Count, biases.ToArray());
    }

    // The cryptographic generator needs OpenSSL, which a minimal system lacks.
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "A seed is no secret.")]
    private static uint AnySeed() => (uint)Random.Shared.Next();

    private static LLamaToken[] FindEnds(SafeLlamaModelHandle model) =>
        [.. Enumerable.Range(0, model.Vocab.Count).Select(id => (LLamaToken)id).Where(token => token.IsEndOfGeneration(model.Vocab))];
}
