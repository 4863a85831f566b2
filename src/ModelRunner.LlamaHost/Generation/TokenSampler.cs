using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>Chooses the tokens of one request: by its samplers, and within its grammar if it has one.</summary>
/// <param name="chain">The samplers, which this object now owns.</param>
/// <param name="grammar">The grammar, which belongs to the request; null: every token is allowed.</param>
/// <param name="vocabulary">Tells which tokens end a response.</param>
internal sealed class TokenSampler(
    SafeLLamaSamplerChainHandle chain, GrammarSampler? grammar, SafeLlamaModelHandle.Vocabulary vocabulary) : IDisposable
{
    private LLamaTokenData[] _candidates = [];

    /// <summary>Chooses the next token; null: the grammar allows none.</summary>
    /// <param name="context">The context after a decode call.</param>
    /// <param name="index">Where in the batch the output is.</param>
    public LLamaToken? Sample(SafeLLamaContextHandle context, int index)
    {
        if (grammar is null)
            return chain.Sample(context, index);

        // Most tokens are allowed, and checking one is much cheaper than checking all: the samplers choose first.
        ReadOnlySpan<float> scores = context.GetLogitsIth(index);
        LLamaToken? token = Choose(scores, isRestricted: false);
        if (token is not { } free || !grammar.Allows(free))
            token = Choose(scores, isRestricted: true);
        if (token is not { } chosen)
            return null;

        chain.Accept(chosen);
        if (!chosen.IsEndOfGeneration(vocabulary))
            grammar.Accept(chosen);
        return chosen;
    }

    /// <inheritdoc/>
    public void Dispose() => chain.Dispose();

    private LLamaToken? Choose(ReadOnlySpan<float> scores, bool isRestricted)
    {
        if (_candidates.Length != scores.Length)
            _candidates = new LLamaTokenData[scores.Length];
        LLamaTokenDataArray candidates = LLamaTokenDataArray.Create(scores, _candidates);
        LLamaToken? best = null;
        if (isRestricted)
        {
            grammar!.Restrict(candidates);
            best = Best();
            if (best is null)
                return null;
        }

        using var pin = LLamaTokenDataArrayNative.Create(candidates, out LLamaTokenDataArrayNative native);
        chain.Apply(ref native);
        if (native.Selected < 0 || native.Selected >= (long)native.Size)
            return best;
        LLamaToken chosen = native.Data[(int)native.Selected].ID;

        // Rounding can make a sampler choose a token with probability zero.
        return isRestricted && !grammar!.Allows(chosen) ? best : chosen;
    }

    private LLamaToken? Best()
    {
        LLamaTokenData? best = null;
        foreach (LLamaTokenData candidate in _candidates)
        {
            if (float.IsFinite(candidate.Logit) && (best is not { } other || candidate.Logit > other.Logit))
                best = candidate;
        }

        return best?.ID;
    }
}
