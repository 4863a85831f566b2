using System.Globalization;

namespace ModelRunner.Gguf;

/// <summary>How many bytes the tensors of a file have, by layer. Of a model with several files it has those of the first one.</summary>
internal sealed record WeightShape
{
    private const string LayerPrefix = "blk.";
    private const string ExpertPart = "_exps";

    // llama.cpp always keeps these in main memory.
    private static readonly string[] InputPrefixes = ["token_embd", "per_layer_token_embd", "position_embd", "token_types"];

    private readonly List<(long All, long Experts)> _layers = [];

    /// <summary>Bytes of the tensors that turn tokens into numbers.</summary>
    public long InputBytes { get; private set; }

    /// <summary>Bytes of all tensors that belong to no layer, without the input.</summary>
    public long OutputBytes { get; private set; }

    /// <summary>Whether the file has a matrix for the results. Without one, that of the input is used, and copied to where the results are computed.</summary>
    public bool HasOutput { get; private set; }

    /// <summary>Bytes of all tensors of the file.</summary>
    public long TotalBytes => checked(InputBytes + OutputBytes + _layers.Sum(static layer => layer.All));

    /// <summary>Bytes of the layers from one to another, without the second.</summary>
    public long LayerBytes(int from, int to) => Layers(from, to).Sum(static layer => layer.All);

    /// <summary>Bytes of the experts in the layers from one to another, without the second.</summary>
    public long ExpertBytes(int from, int to) => Layers(from, to).Sum(static layer => layer.Experts);

    /// <summary>Adds a tensor.</summary>
    /// <exception cref="OverflowException">The sum is impossible.</exception>
    public void Add(string name, long bytes)
    {
        if (LayerOf(name) is { } layer)
        {
            while (_layers.Count <= layer)
                _layers.Add(default);
            (long all, long experts) = _layers[layer];
            _layers[layer] = (checked(all + bytes), checked(experts + (name.Contains(ExpertPart, StringComparison.Ordinal) ? bytes : 0)));
        }
        else if (InputPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            InputBytes = checked(InputBytes + bytes);
        }
        else
        {
            HasOutput |= name == "output.weight";
            OutputBytes = checked(OutputBytes + bytes);
        }
    }

    private IEnumerable<(long All, long Experts)> Layers(int from, int to) => _layers.Take(Math.Max(0, to)).Skip(Math.Max(0, from));

    // blk.12.attn_q.weight
    private static int? LayerOf(string name)
    {
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return null;
        int end = name.IndexOf('.', LayerPrefix.Length);
        if (end <= 0)
            return null;
        ReadOnlySpan<char> digits = name.AsSpan(LayerPrefix.Length, end - LayerPrefix.Length);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && layer < GgufHeader.MaxLayers ? layer : null;
    }
}
