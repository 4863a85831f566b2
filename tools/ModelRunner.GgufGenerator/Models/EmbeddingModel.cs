using ModelRunner.GgufGenerator.Gguf;
using ModelRunner.GgufGenerator.Text;

namespace ModelRunner.GgufGenerator.Models;

/// <summary>
/// The small embedding model: BERT with random weights. Texts with common words get similar vectors, which is enough for a demonstration.
/// The same file results every time.
/// </summary>
internal static class EmbeddingModel
{
    private const int Width = 64;
    private const int Layers = 2;
    private const int Heads = 4;
    private const int Inner = 128;
    private const int Context = 512;
    private const uint MeanPooling = 1;

    /// <summary>Makes the model.</summary>
    public static GgufWriter Make(GgmlType type)
    {
        IReadOnlyList<string> pieces = WordPieces.Collect(new CorpusWriter(1));
        var file = new GgufWriter();
        AddHead(file, type);
        AddTokenizer(file, pieces);
        AddWeights(file, pieces.Count, type);
        return file;
    }

    private static void AddHead(GgufWriter file, GgmlType type)
    {
        file.Add("general.architecture", "bert");
        file.Add("general.name", "Tiny embedder (test model)");
        file.Add("general.license", "cc0-1.0");
        file.Add("general.file_type", TensorEncoder.FileTypeOf(type));
        file.Add("general.quantization_version", 2u);
        file.Add("bert.context_length", (uint)Context);
        file.Add("bert.embedding_length", (uint)Width);
        file.Add("bert.block_count", (uint)Layers);
        file.Add("bert.feed_forward_length", (uint)Inner);
        file.Add("bert.attention.head_count", (uint)Heads);
        file.Add("bert.attention.layer_norm_epsilon", 1e-12f);
        file.Add("bert.attention.causal", false);
        file.Add("bert.pooling_type", MeanPooling);
    }

    private static void AddTokenizer(GgufWriter file, IReadOnlyList<string> pieces)
    {
        int[] types = [.. pieces.Select(TypeOf)];
        file.Add("tokenizer.ggml.model", "bert");
        file.Add("tokenizer.ggml.pre", "default");
        file.Add("tokenizer.ggml.token_type_count", 2u);
        file.Add("tokenizer.ggml.tokens", [.. pieces.Select((piece, id) => types[id] == 1 ? Stored(piece) : piece)]);
        file.Add("tokenizer.ggml.token_type", types);
        file.Add("tokenizer.ggml.bos_token_id", IdOf(pieces, WordPieces.Begin));
        file.Add("tokenizer.ggml.eos_token_id", IdOf(pieces, WordPieces.End));
        file.Add("tokenizer.ggml.cls_token_id", IdOf(pieces, WordPieces.Begin));
        file.Add("tokenizer.ggml.seperator_token_id", IdOf(pieces, WordPieces.End));
        file.Add("tokenizer.ggml.unknown_token_id", IdOf(pieces, WordPieces.Unknown));
        file.Add("tokenizer.ggml.padding_token_id", IdOf(pieces, WordPieces.Padding));
        file.Add("tokenizer.ggml.mask_token_id", IdOf(pieces, WordPieces.Mask));
    }

    // llama.cpp marks the beginnings of words and BERT marks continuations.
    private static string Stored(string piece) =>
        piece.StartsWith(WordPieces.Continuation, StringComparison.Ordinal) ? piece[WordPieces.Continuation.Length..] : "\u2581" + piece;

    private static int TypeOf(string piece) => piece switch
    {
        WordPieces.Unknown => 2,
        WordPieces.Padding or WordPieces.Begin or WordPieces.End or WordPieces.Mask => 3,
        _ => piece.StartsWith("[unused", StringComparison.Ordinal) ? 3 : 1,
    };

    private static uint IdOf(IReadOnlyList<string> pieces, string piece) => (uint)pieces.Index().First(pair => pair.Item == piece).Index;

    private static void AddWeights(GgufWriter file, int tokens, GgmlType type)
    {
        var random = new NormalNumbers(11);
        file.AddTensor("token_embd.weight", random.Take(tokens * Width, 1f), type, Width, tokens);
        file.AddTensor("token_types.weight", random.Take(2 * Width, 0.01f), GgmlType.F32, Width, 2);
        file.AddTensor("position_embd.weight", random.Take(Context * Width, 0.05f), type, Width, Context);
        AddNorm(file, "token_embd_norm");
        for (int layer = 0; layer < Layers; layer++)
        {
            float deviation = 0.3f / MathF.Sqrt(Width);
            string block = $"blk.{layer}.";
            foreach (string name in (string[])["attn_q", "attn_k", "attn_v", "attn_output"])
                AddLinear(file, block + name, random.Take(Width * Width, deviation), type, Width, Width);
            AddNorm(file, block + "attn_output_norm");
            AddLinear(file, block + "ffn_up", random.Take(Inner * Width, deviation), type, Width, Inner);
            AddLinear(file, block + "ffn_down", random.Take(Inner * Width, deviation), type, Inner, Width);
            AddNorm(file, block + "layer_output_norm");
        }
    }

    private static void AddLinear(GgufWriter file, string name, float[] weights, GgmlType type, int from, int to)
    {
        file.AddTensor(name + ".weight", weights, type, from, to);
        file.AddTensor(name + ".bias", new float[to], GgmlType.F32, to);
    }

    private static void AddNorm(GgufWriter file, string name)
    {
        file.AddTensor(name + ".weight", [.. Enumerable.Repeat(1f, Width)], GgmlType.F32, Width);
        file.AddTensor(name + ".bias", new float[Width], GgmlType.F32, Width);
    }
}
