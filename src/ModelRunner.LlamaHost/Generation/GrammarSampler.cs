using LLama.Native;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Says which tokens a grammar allows next. llama.cpp ends the process when a grammar is told of a token that it does not allow, so a token
/// is asked for before it is accepted.
/// </summary>
internal sealed class GrammarSampler : IDisposable
{
    private readonly SafeLLamaSamplerChainHandle _chain;

    private GrammarSampler(SafeLLamaSamplerChainHandle chain) => _chain = chain;

    /// <summary>Reads a grammar; null: llama.cpp cannot read it.</summary>
    public static GrammarSampler? TryCreate(SafeLlamaModelHandle model, string grammar)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        return GrammarApi.TryCreate(model, grammar) is { } chain ? new GrammarSampler(chain) : null;
    }

    /// <summary>Whether the token may come next.</summary>
    public bool Allows(LLamaToken token)
    {
        var one = new LLamaTokenData[] { new(token, 0, 0) };
        Restrict(new LLamaTokenDataArray(one));
        return float.IsFinite(one[0].Logit);
    }

    /// <summary>Sets the score of every token that may not come next to negative infinity.</summary>
    public void Restrict(LLamaTokenDataArray candidates)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        using var pin = LLamaTokenDataArrayNative.Create(candidates, out LLamaTokenDataArrayNative native);
        _chain.Apply(ref native);
    }

    /// <summary>Moves on by a token that is allowed.</summary>
    public void Accept(LLamaToken token)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        _chain.Accept(token);
    }

    /// <inheritdoc/>
    public void Dispose() => _chain.Dispose();
}
