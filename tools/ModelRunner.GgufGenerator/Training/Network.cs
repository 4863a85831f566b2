using ModelRunner.GgufGenerator.Models;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>
/// The weights of a network of the llama architecture: root mean square norm, rotary positions, gated feed-forward parts, and an output that
/// shares its matrix with the embedding. All weights are in one array, on which the optimizer works. A matrix has one row for each output.
/// </summary>
internal sealed class Network
{
    private const int Multiple = 16;

    /// <summary>Makes a network with random weights.</summary>
    public Network(Shape shape, int seed)
    {
        Shape = shape;
        int square = shape.Width * shape.Width;
        int tall = shape.Inner * shape.Width;
        int count = 0;
        Embedding = Take(ref count, shape.Tokens * shape.Width);
        Layers = new LayerOffsets[shape.Layers];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            Layers[layer] = new LayerOffsets(
                Take(ref count, shape.Width), Take(ref count, square), Take(ref count, square),
                    Take(ref count, square), Take(ref count, square),
                Take(ref count, shape.Width), Take(ref count, tall), Take(ref count, tall), Take(ref count, tall));
        }

        OutputNorm = Take(ref count, shape.Width);
        Weights = new float[count];
        Fill(new NormalNumbers(seed));
    }

    /// <summary>The sizes.</summary>
    public Shape Shape { get; }

    /// <summary>All weights.</summary>
    public float[] Weights { get; }

    /// <summary>Where the embedding begins.</summary>
    public int Embedding { get; }

    /// <summary>Where the last norm begins.</summary>
    public int OutputNorm { get; }

    /// <summary>Where each layer's weights begin.</summary>
    public LayerOffsets[] Layers { get; }

    /// <summary>Writes every matrix transposed, at the same offset, for the forward pass.</summary>
    public void TransposeTo(float[] target)
    {
        Transpose(target, Embedding, Shape.Tokens, Shape.Width);
        foreach (LayerOffsets layer in Layers)
        {
            foreach (int square in (ReadOnlySpan<int>)[layer.Query, layer.Key, layer.Value, layer.Output])
                Transpose(target, square, Shape.Width, Shape.Width);
            Transpose(target, layer.Gate, Shape.Inner, Shape.Width);
            Transpose(target, layer.Up, Shape.Inner, Shape.Width);
            Transpose(target, layer.Down, Shape.Width, Shape.Inner);
        }
    }

    // Every weight array begins at a multiple of the vector length.
    private static int Take(ref int count, int length)
    {
        int at = count;
        count += (length + Multiple - 1) / Multiple * Multiple;
        return at;
    }

    private void Transpose(float[] target, int offset, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                target[offset + (column * rows) + row] = Weights[offset + (row * columns) + column];
        }
    }

    // Matrices whose output is added to the residual stream start smaller, so that the stream does not grow with depth.
    private void Fill(NormalNumbers random)
    {
        float usual = 1 / MathF.Sqrt(Shape.Width);
        float residual = usual / MathF.Sqrt(2 * Shape.Layers);
        int square = Shape.Width * Shape.Width;
        int tall = Shape.Inner * Shape.Width;
        random.Take(Shape.Tokens * Shape.Width, 0.05f).CopyTo(Weights, Embedding);
        Weights.AsSpan(OutputNorm, Shape.Width).Fill(1);
        foreach (LayerOffsets layer in Layers)
        {
            Weights.AsSpan(layer.AttentionNorm, Shape.Width).Fill(1);
            Weights.AsSpan(layer.InnerNorm, Shape.Width).Fill(1);
            random.Take(square, usual).CopyTo(Weights, layer.Query);
            random.Take(square, usual).CopyTo(Weights, layer.Key);
            random.Take(square, usual).CopyTo(Weights, layer.Value);
            random.Take(square, residual).CopyTo(Weights, layer.Output);
            random.Take(tall, usual).CopyTo(Weights, layer.Gate);
            random.Take(tall, usual).CopyTo(Weights, layer.Up);
            random.Take(tall, residual).CopyTo(Weights, layer.Down);
        }
    }
}
