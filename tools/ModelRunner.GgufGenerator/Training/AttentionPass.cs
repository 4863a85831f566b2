using System.Numerics.Tensors;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>Attention of one layer, forward and backward, 64 tokens at a time: later tokens are not computed.</summary>
internal sealed class AttentionPass(Shape shape)
{
    private const int Block = 64;

    private readonly float[] _turned = new float[shape.Length * shape.HeadWidth];
    private readonly float[] _weightGradient = new float[Block * shape.Length];
    private readonly float _scale = 1 / MathF.Sqrt(shape.HeadWidth);

    /// <summary>The gradient of the queries, after <see cref="Backward"/>.</summary>
    public float[] QueryGradient { get; } = new float[shape.Length * shape.Width];

    /// <summary>The gradient of the keys, after <see cref="Backward"/>.</summary>
    public float[] KeyGradient { get; } = new float[shape.Length * shape.Width];

    /// <summary>The gradient of the values, after <see cref="Backward"/>.</summary>
    public float[] ValueGradient { get; } = new float[shape.Length * shape.Width];

    /// <summary>Computes the attention weights between tokens, and mixes the values by them.</summary>
    public void Forward(LayerState layer)
    {
        (int length, int width, int head) = (shape.Length, shape.Width, shape.HeadWidth);
        for (int h = 0; h < shape.Heads; h++)
        {
            Span<float> attention = layer.Attention.AsSpan(h * length * length, length * length);
            Turn(layer.Key.AsSpan(h * head));
            for (int first = 0; first < length; first += Block)
            {
                int seen = first + Block;
                Span<float> rows = attention[(first * length)..];
                MatrixProduct.Compute(
                    layer.Query.AsSpan((h * head) + (first * width)), width,
                    1, _turned, length, rows, length, (Block, seen, head), adds: false);
                for (int t = 0; t < Block; t++)
                {
                    Span<float> row = rows.Slice(t * length, first + t + 1);
                    TensorPrimitives.Multiply(row, _scale, row);
                    TensorPrimitives.SoftMax<float>(row, row);
                    rows.Slice((t * length) + first + t + 1, Block - t - 1).Clear();
                }

                MatrixProduct.Compute(
                    rows, length, 1, layer.Value.AsSpan(h * head), width,
                        layer.Mixed.AsSpan((h * head) + (first * width)), width, (Block, head, seen), adds: false);
            }
        }
    }

    /// <summary>Computes the gradients of queries, keys and values.</summary>
    /// <param name="layer">The results of the forward pass.</param>
    /// <param name="mixedGradient">The gradient of its output.</param>
    public void Backward(LayerState layer, float[] mixedGradient)
    {
        (int length, int width, int head) = (shape.Length, shape.Width, shape.HeadWidth);
        Array.Clear(QueryGradient);
        Array.Clear(KeyGradient);
        Array.Clear(ValueGradient);
        for (int h = 0; h < shape.Heads; h++)
        {
            Turn(layer.Value.AsSpan(h * head));
            for (int first = 0; first < length; first += Block)
            {
                int seen = first + Block;
                int at = (h * head) + (first * width);
                ReadOnlySpan<float> rows = layer.Attention.AsSpan((h * length * length) + (first * length));
                ReadOnlySpan<float> outer = mixedGradient.AsSpan(at);
                MatrixProduct.Compute(outer, width, 1, _turned, length, _weightGradient, length, (Block, seen, head), adds: false);
                MatrixProduct.Compute(
                    rows, 1, length, outer, width, ValueGradient.AsSpan(h * head), width, (seen, head, Block), adds: true);
                BackThroughSoftMax(rows, seen);
                MatrixProduct.Compute(
                    _weightGradient, length, 1, layer.Key.AsSpan(h * head), width,
                    QueryGradient.AsSpan(at), width, (Block, head, seen), adds: true);
                MatrixProduct.Compute(
                    _weightGradient, 1, length, layer.Query.AsSpan(at), width,
                    KeyGradient.AsSpan(h * head), width, (seen, head, Block), adds: true);
            }
        }
    }

    private void BackThroughSoftMax(ReadOnlySpan<float> rows, int seen)
    {
        for (int t = 0; t < Block; t++)
        {
            Span<float> gradient = _weightGradient.AsSpan(t * shape.Length, seen);
            ReadOnlySpan<float> row = rows.Slice(t * shape.Length, seen);
            float dot = TensorPrimitives.Dot(gradient, row);
            TensorPrimitives.Subtract(gradient, dot, gradient);
            TensorPrimitives.Multiply(gradient, row, gradient);
            TensorPrimitives.Multiply(gradient, _scale, gradient);
        }
    }

    private void Turn(ReadOnlySpan<float> rows)
    {
        for (int t = 0; t < shape.Length; t++)
        {
            for (int i = 0; i < shape.HeadWidth; i++)
                _turned[(i * shape.Length) + t] = rows[(t * shape.Width) + i];
        }
    }
}
