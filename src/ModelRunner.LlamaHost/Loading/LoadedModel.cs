using System.Text;
using LLama.Native;
using ModelRunner.LlamaHost.Arguments;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>A model in memory with its context. Disposing it frees both; no computation may be running then.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly Lazy<int?> _longestToken;

    /// <summary>Takes ownership of both handles.</summary>
    public LoadedModel(HostSettings settings, SafeLlamaModelHandle model, SafeLLamaContextHandle context)
    {
        Settings = settings;
        Model = model;
        Context = context;
        SlotCount = settings.SlotCount;
        SlotTokens = (int)context.ContextSize / settings.SlotCount;
        BatchTokens = (int)context.BatchSize;
        ChatTemplate = ChatTemplate.Of(model, settings.ChatTemplate);
        _longestToken = new Lazy<int?>(FindLongestToken);
    }

    /// <summary>The settings of the command line.</summary>
    public HostSettings Settings { get; }

    /// <summary>The weights and the vocabulary. Reading them from several threads is safe.</summary>
    public SafeLlamaModelHandle Model { get; }

    /// <summary>The inference context. Only the inference thread may use it.</summary>
    public SafeLLamaContextHandle Context { get; }

    /// <summary>Formats messages as a prompt.</summary>
    public ChatTemplate ChatTemplate { get; }

    /// <summary>The number of concurrent requests.</summary>
    public int SlotCount { get; }

    /// <summary>Tokens of context of one slot, prompt and response together.</summary>
    public int SlotTokens { get; }

    /// <summary>The most tokens of one decode call.</summary>
    public int BatchTokens { get; }

    /// <summary>
    /// Whether the model continues texts token by token. Encoders such as BERT do not; encoder-decoder and diffusion models need ways that
    /// only llama-server supports.
    /// </summary>
    public bool CanGenerate =>
        Model is { HasEncoder: false, HasDecoder: true, IsDiffusion: false }
            && Metadata(Metadata("general.architecture") + ".attention.causal") != "false";

    /// <summary>
    /// The most bytes of a text that become one token; null: unknown, since a token may stand for any number of spaces or for any unknown
    /// word. The first call reads the whole vocabulary.
    /// </summary>
    public int? LongestTokenBytes => _longestToken.Value;

    /// <summary>A value of the model's metadata as text; null if there is none.</summary>
    public string? Metadata(string key) => MetadataApi.Find(Model, key);

    /// <summary>Tokenizes a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addsSpecial">Whether the model's begin and end tokens are added, if it has them.</param>
    /// <param name="readsSpecial">Whether names of special tokens in the text become these tokens.</param>
    public LLamaToken[] Tokenize(string text, bool addsSpecial = true, bool readsSpecial = true) =>
        Model.Tokenize(text, addsSpecial, readsSpecial, Encoding.UTF8);

    /// <summary>The bytes of a token, which may be incomplete characters.</summary>
    /// <param name="token">The token.</param>
    /// <param name="showsSpecial">Whether a special token is written as its name; otherwise it has no bytes.</param>
    public byte[] PieceOf(LLamaToken token, bool showsSpecial)
    {
        byte[] buffer = new byte[64];
        int length = (int)Model.TokenToSpan(token, buffer, 0, showsSpecial);
        if (length > buffer.Length)
        {
            buffer = new byte[length];
            length = (int)Model.TokenToSpan(token, buffer, 0, showsSpecial);
        }

        return buffer[..length];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Context.Dispose();
        Model.Dispose();
    }

    // "llama" and "gpt2" are llama.cpp's names for the tokenizers whose tokens cover every byte.
    private int? FindLongestToken()
    {
        if (Metadata("tokenizer.ggml.model") is not ("llama" or "gpt2"))
            return null;

        int longest = 1;
        for (int token = 0; token < Model.Vocab.Count; token++)
            longest = Math.Max(longest, PieceOf(token, showsSpecial: true).Length);
        return longest;
    }
}
