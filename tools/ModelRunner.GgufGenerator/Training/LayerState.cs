namespace ModelRunner.GgufGenerator.Training;

/// <summary>The results of the forward pass in one layer, which the backward pass needs.</summary>
internal sealed class LayerState(Shape shape)
{
    public float[] Input { get; } = new float[shape.Length * shape.Width];

    public float[] Normed { get; } = new float[shape.Length * shape.Width];

    public float[] Query { get; } = new float[shape.Length * shape.Width];

    public float[] Key { get; } = new float[shape.Length * shape.Width];

    public float[] Value { get; } = new float[shape.Length * shape.Width];

    /// <summary>The attention weights of each token for all tokens before it, head after head.</summary>
    public float[] Attention { get; } = new float[shape.Heads * shape.Length * shape.Length];

    public float[] Mixed { get; } = new float[shape.Length * shape.Width];

    public float[] Middle { get; } = new float[shape.Length * shape.Width];

    public float[] MiddleNormed { get; } = new float[shape.Length * shape.Width];

    public float[] Gate { get; } = new float[shape.Length * shape.Inner];

    public float[] Up { get; } = new float[shape.Length * shape.Inner];

    public float[] Hidden { get; } = new float[shape.Length * shape.Inner];
}
