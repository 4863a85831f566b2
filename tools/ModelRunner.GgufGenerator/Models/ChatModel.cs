using ModelRunner.GgufGenerator.Gguf;
using ModelRunner.GgufGenerator.Text;
using ModelRunner.GgufGenerator.Training;

namespace ModelRunner.GgufGenerator.Models;

/// <summary>The small chat model: llama architecture, trained on the corpus.</summary>
internal static class ChatModel
{
    private const uint Context = 2048;
    private const int EncodingDocuments = 4000;

    private const string Template =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    /// <summary>Makes the model.</summary>
    /// <param name="type">How the matrices are stored.</param>
    /// <param name="time">How long to train; zero: the weights stay random.</param>
    /// <param name="documents">The number of documents in the corpus; 30,000 were enough.</param>
    /// <param name="report">Receives progress messages.</param>
    public static GgufWriter Make(GgmlType type, TimeSpan time, int documents, Action<string> report)
    {
        var shape = new Shape(Tokens: 768, Width: 128, Layers: 4, Heads: 4, Inner: 384, Length: 256);
        var writer = new CorpusWriter(1);
        List<IReadOnlyList<string>> corpus = [.. Enumerable.Range(0, documents).Select(_ => writer.WriteDocument())];
        BytePairEncoding encoding = BytePairEncoding.Train(
            corpus.Take(EncodingDocuments).SelectMany(document => document.Where(segment => !CorpusWriter.IsSpecial(segment))),
            shape.Tokens,
            CorpusWriter.Begin,
            CorpusWriter.MessageStart,
            CorpusWriter.MessageEnd);

        var network = new Network(shape, 42);
        if (time > TimeSpan.Zero)
        {
            int[] tokens = [.. corpus.SelectMany(document => document.SelectMany(segment => Encode(encoding, segment)))];
            report(FormattableString.Invariant($"{tokens.Length} tokens, {network.Weights.Length} weights"));
            var trainer = new Trainer(network, tokens, Environment.ProcessorCount);
            trainer.Train(time, TimeProvider.System, (step, loss) => report(FormattableString.Invariant($"step {step}: loss {loss:f4}")));
        }

        var file = new GgufWriter();
        AddHead(file, shape, type);
        AddTokenizer(file, encoding);
        AddWeights(file, network, type);
        return file;
    }

    private static IEnumerable<int> Encode(BytePairEncoding encoding, string segment) =>
        CorpusWriter.IsSpecial(segment) ? [encoding[segment]] : encoding.Encode(segment);

    private static void AddHead(GgufWriter file, Shape shape, GgmlType type)
    {
        file.Add("general.architecture", "llama");
        file.Add("general.name", "Tiny storyteller (test model)");
        file.Add("general.license", "cc0-1.0");
        file.Add("general.size_label", "1M");
        file.Add("general.file_type", TensorEncoder.FileTypeOf(type));
        file.Add("general.quantization_version", 2u);
        file.Add("llama.context_length", Context);
        file.Add("llama.embedding_length", (uint)shape.Width);
        file.Add("llama.block_count", (uint)shape.Layers);
        file.Add("llama.feed_forward_length", (uint)shape.Inner);
        file.Add("llama.attention.head_count", (uint)shape.Heads);
        file.Add("llama.attention.head_count_kv", (uint)shape.Heads);
        file.Add("llama.attention.layer_norm_rms_epsilon", Shape.Epsilon);
        file.Add("llama.rope.dimension_count", (uint)shape.HeadWidth);
        file.Add("llama.rope.freq_base", Shape.RopeBase);
        file.Add("llama.vocab_size", (uint)shape.Tokens);
    }

    private static void AddTokenizer(GgufWriter file, BytePairEncoding encoding)
    {
        file.Add("tokenizer.ggml.model", "gpt2");
        file.Add("tokenizer.ggml.pre", "gpt-2");
        file.Add("tokenizer.ggml.tokens", encoding.Tokens);
        file.Add("tokenizer.ggml.token_type", encoding.Types);
        file.Add("tokenizer.ggml.merges", encoding.Merges);
        file.Add("tokenizer.ggml.bos_token_id", (uint)encoding[CorpusWriter.Begin]);
        file.Add("tokenizer.ggml.eos_token_id", (uint)encoding[CorpusWriter.MessageEnd]);
        file.Add("tokenizer.ggml.padding_token_id", (uint)encoding[CorpusWriter.Begin]);
        file.Add("tokenizer.ggml.add_bos_token", true);
        file.Add("tokenizer.chat_template", Template);
    }

    private static void AddWeights(GgufWriter file, Network network, GgmlType type)
    {
        (int width, int inner) = (network.Shape.Width, network.Shape.Inner);
        AddMatrix("token_embd", network.Embedding, width, network.Shape.Tokens);
        foreach ((int i, LayerOffsets layer) in network.Layers.Index())
        {
            string block = $"blk.{i}.";
            AddNorm(block + "attn_norm", layer.AttentionNorm);
            AddMatrix(block + "attn_q", layer.Query, width, width);
            AddMatrix(block + "attn_k", layer.Key, width, width);
            AddMatrix(block + "attn_v", layer.Value, width, width);
            AddMatrix(block + "attn_output", layer.Output, width, width);
            AddNorm(block + "ffn_norm", layer.InnerNorm);
            AddMatrix(block + "ffn_gate", layer.Gate, width, inner);
            AddMatrix(block + "ffn_up", layer.Up, width, inner);
            AddMatrix(block + "ffn_down", layer.Down, inner, width);
        }

        AddNorm("output_norm", network.OutputNorm);

        void AddMatrix(string name, int offset, int from, int to) =>
            file.AddTensor(name + ".weight", network.Weights.AsSpan(offset, from * to), type, from, to);

        void AddNorm(string name, int offset) =>
            file.AddTensor(name + ".weight", network.Weights.AsSpan(offset, width), GgmlType.F32, width);
    }
}
