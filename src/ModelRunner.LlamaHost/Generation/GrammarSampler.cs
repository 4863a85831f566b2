using LLama.Native;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// Selects the tokens that a grammar allows next. llama.cpp ends the process if it accepts a token that the grammar does not allow, so each
/// token is checked before it is accepted.
/// </summary>
internal sealed class GrammarSampler : IDisposable
{
    private readonly SafeLLamaSamplerChainHandle _chain;

    private GrammarSampler(SafeLLamaSamplerChainHandle chain) => _chain = chain;

    /// <summary>Reads a grammar; null: llama.cpp cannot parse it.</summary>
    public static GrammarSampler? TryCreate(SafeLlamaModelHandle model, string grammar)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        return GrammarApi.TryCreate(model, grammar) is { } chain ? new GrammarSampler(chain) : null;
    }

    /// <summary>Whether the grammar allows the token next.</summary>
    public bool Allows(LLamaToken token)
    {
        var one = new LLamaTokenData[] { new(token, 0, 0) };
        Restrict(new LLamaTokenDataArray(one));
        return float.IsFinite(one[0].Logit);
    }

    /// <summary>Sets the score of every token that is not allowed next to negative infinity.</summary>
    public void Restrict(LLamaTokenDataArray candidates)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        using var pin = LLamaTokenDataArrayNative.Create(candidates, out LLamaTokenDataArrayNative native);
        _chain.Apply(ref native);
    }

    /// <summary>Advances the grammar by an allowed token.</summary>
    public void Accept(LLamaToken token)
    {
        using GrammarWatch.Call call = GrammarWatch.Begin();
        _chain.Accept(token);
    }

    /// <inheritdoc/>
    public void Dispose() => _chain.Dispose();
}
