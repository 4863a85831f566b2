using System.Diagnostics.CodeAnalysis;
using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>Builds llama.cpp's chain of samplers in the order of llama-server.</summary>
internal sealed class SamplerFactory(SafeLlamaModelHandle model)
{
    private readonly Lazy<LLamaToken[]> _ends = new(() => FindEnds(model));

    /// <summary>Builds a chain for one request; the caller disposes it.</summary>
    /// <param name="settings">What the request asks for.</param>
    /// <param name="prompt">The prompt, whose last tokens count for the penalties.</param>
    public SafeLLamaSamplerChainHandle Create(SamplingSettings settings, ReadOnlySpan<LLamaToken> prompt)
    {
        SafeLLamaSamplerChainHandle chain = SafeLLamaSamplerChainHandle.Create(LLamaSamplerChainParams.Default());
        AddBias(chain, settings);
        if (settings.HasPenalties)
            chain.AddPenalties(settings.RepeatLastN, settings.RepeatPenalty, settings.FrequencyPenalty, settings.PresencePenalty);

        if (settings.Temperature <= 0)
        {
            chain.AddGreedySampler();
        }
        else
        {
            if (settings.TopK > 0)
                chain.AddTopK(settings.TopK);
            chain.AddTopP(settings.TopP, 1);
            chain.AddMinP(settings.MinP, 1);
            chain.AddTemperature(settings.Temperature);
            chain.AddDistributionSampler(settings.Seed ?? AnySeed());
        }

        if (settings.HasPenalties)
        {
            foreach (LLamaToken token in prompt[Math.Max(0, prompt.Length - settings.RepeatLastN)..])
                chain.Accept(token);
        }

        return chain;
    }

    private void AddBias(SafeLLamaSamplerChainHandle chain, SamplingSettings settings)
    {
        var biases = new List<LLamaLogitBias>();
        foreach ((int token, float bias) in settings.LogitBias)
            biases.Add(new LLamaLogitBias { Token = token, Bias = bias });
        if (settings.IgnoresEnd)
        {
            foreach (LLamaToken token in _ends.Value)
                biases.Add(new LLamaLogitBias { Token = token, Bias = float.NegativeInfinity });
        }

        if (biases.Count > 0)
            chain.AddLogitBias(model.Vocab.Count, biases.ToArray());
    }

    // The other kind of randomness needs OpenSSL, which a bare system lacks.
    [SuppressMessage("Security", "CA5394:Do not use insecure randomness", Justification = "A seed is no secret.")]
    private static uint AnySeed() => (uint)Random.Shared.Next();

    private static LLamaToken[] FindEnds(SafeLlamaModelHandle model) =>
        [.. Enumerable.Range(0, model.Vocab.Count).Select(id => (LLamaToken)id).Where(token => token.IsEndOfGeneration(model.Vocab))];
}
