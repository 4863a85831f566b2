using System.Runtime.InteropServices;
using System.Text;
using LLama.Native;
using ModelRunner.Linux;

namespace ModelRunner.LlamaHost.Native;

/// <summary>
/// Makes llama.cpp's sampler for a grammar. The wrapper of LLamaSharp does not tell whether the grammar could be read, and puts a null
/// pointer into the chain where it could not, which crashes the process at the first token.
/// </summary>
internal static unsafe class GrammarApi
{
    private static delegate* unmanaged[Cdecl]<nint, nint> _getVocabulary;
    private static delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint> _makeGrammar;
    private static delegate* unmanaged[Cdecl]<nint, nint, void> _addToChain;

    /// <summary>Finds the functions in the loaded library.</summary>
    public static void Bind(nint library)
    {
        _getVocabulary = (delegate* unmanaged[Cdecl]<nint, nint>)NativeLibrary.GetExport(library, "llama_model_get_vocab");
        _makeGrammar = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint>)NativeLibrary.GetExport(library, "llama_sampler_init_grammar");
        _addToChain = (delegate* unmanaged[Cdecl]<nint, nint, void>)NativeLibrary.GetExport(library, "llama_sampler_chain_add");
    }

    /// <summary>Makes a chain that holds nothing but the grammar; the caller disposes it. Any thread may call this.</summary>
    /// <param name="model">The model whose tokens the grammar allows.</param>
    /// <param name="grammar">The grammar in GBNF, without a zero character.</param>
    /// <returns>Null: llama.cpp cannot read the grammar.</returns>
    public static SafeLLamaSamplerChainHandle? TryCreate(SafeLlamaModelHandle model, string grammar)
    {
        byte[] text = Encoding.UTF8.GetBytes(grammar + '\0');
        using var held = new HeldHandle(model);
        nint sampler;
        fixed (byte* start = text)
        fixed (byte* root = "root\0"u8)
            sampler = _makeGrammar(_getVocabulary(held.Value), start, root);
        if (sampler == 0)
            return null;
        SafeLLamaSamplerChainHandle chain = SafeLLamaSamplerChainHandle.Create(LLamaSamplerChainParams.Default());
        _addToChain(chain.DangerousGetHandle(), sampler);
        return chain;
    }
}
