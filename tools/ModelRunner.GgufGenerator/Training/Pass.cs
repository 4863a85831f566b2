using System.Numerics.Tensors;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>
/// Runs one sequence forward and backward through the network. Each worker thread has its own instance; the gradients of its sequences are
/// summed in <see cref="Gradients"/>.
/// </summary>
internal sealed class Pass
{
    private readonly Network _network;
    private readonly float[] _transposed;
    private readonly Shape _shape;
    private readonly LayerState[] _layers;
    private readonly float[] _last;
    private readonly float[] _lastNormed;
    private readonly float[] _scores;
    private readonly float[] _stream;
    private readonly float[] _normed;
    private readonly float[] _mixed;
    private readonly float[] _hidden;
    private readonly float[] _gate;
    private readonly float[] _up;
    private readonly Rotation _rotation;
    private readonly AttentionPass _attention;

    /// <summary>Allocates the memory for one sequence.</summary>
    /// <param name="network">The network.</param>
    /// <param name="transposed">Its weights, transposed by <see cref="Network.TransposeTo"/>.</param>
    public Pass(Network network, float[] transposed)
    {
        _network = network;
        _transposed = transposed;
        _shape = network.Shape;
        _layers = [.. Enumerable.Range(0, _shape.Layers).Select(_ => new LayerState(_shape))];
        _last = new float[_shape.Length * _shape.Width];
        _lastNormed = new float[_last.Length];
        _scores = new float[_shape.Length * _shape.Tokens];
        _stream = new float[_last.Length];
        _normed = new float[_last.Length];
        _mixed = new float[_last.Length];
        _hidden = new float[_shape.Length * _shape.Inner];
        _gate = new float[_hidden.Length];
        _up = new float[_hidden.Length];
        _rotation = new Rotation(_shape);
        _attention = new AttentionPass(_shape);
        Gradients = new float[network.Weights.Length];
    }

    /// <summary>The gradients of all weights, summed over sequences.</summary>
    public float[] Gradients { get; }

    /// <summary>The loss, summed over tokens.</summary>
    public double Loss { get; private set; }

    /// <summary>Resets the sums.</summary>
    public void Clear()
    {
        Loss = 0;
        Array.Clear(Gradients);
    }

    /// <summary>Runs one sequence.</summary>
    /// <param name="tokens">One token more than the sequence length: each is predicted from those before it.</param>
    /// <param name="share">The share of one token in the gradient.</param>
    public void Run(ReadOnlySpan<int> tokens, float share)
    {
        Forward(tokens);
        Score(tokens, share);
        Backward(tokens);
    }

    private void Forward(ReadOnlySpan<int> tokens)
    {
        int width = _shape.Width;
        for (int t = 0; t < _shape.Length; t++)
            _network.Weights.AsSpan(_network.Embedding + (tokens[t] * width), width).CopyTo(_layers[0].Input.AsSpan(t * width));

        for (int i = 0; i < _layers.Length; i++)
        {
            LayerState layer = _layers[i];
            LayerOffsets at = _network.Layers[i];
            Norm.Forward(layer.Input, Weights(at.AttentionNorm, width), layer.Normed);
            Linear(layer.Normed, at.Query, layer.Query, width, width);
            Linear(layer.Normed, at.Key, layer.Key, width, width);
            Linear(layer.Normed, at.Value, layer.Value, width, width);
            _rotation.Apply(layer.Query, 1);
            _rotation.Apply(layer.Key, 1);
            _attention.Forward(layer);
            Linear(layer.Mixed, at.Output, layer.Middle, width, width);
            TensorPrimitives.Add(layer.Middle, layer.Input, layer.Middle);

            Norm.Forward(layer.Middle, Weights(at.InnerNorm, width), layer.MiddleNormed);
            Linear(layer.MiddleNormed, at.Gate, layer.Gate, width, _shape.Inner);
            Linear(layer.MiddleNormed, at.Up, layer.Up, width, _shape.Inner);
            TensorPrimitives.Sigmoid<float>(layer.Gate, layer.Hidden);
            TensorPrimitives.Multiply(layer.Hidden, layer.Gate, layer.Hidden);
            TensorPrimitives.Multiply(layer.Hidden, layer.Up, layer.Hidden);
            float[] next = i + 1 < _layers.Length ? _layers[i + 1].Input : _last;
            Linear(layer.Hidden, at.Down, next, _shape.Inner, width);
            TensorPrimitives.Add(next, layer.Middle, next);
        }

        Norm.Forward(_last, Weights(_network.OutputNorm, width), _lastNormed);
        Linear(_lastNormed, _network.Embedding, _scores, width, _shape.Tokens);
    }

    // The gradient of the loss by the scores is the probability of each token, less 1 for the right one.
    private void Score(ReadOnlySpan<int> tokens, float share)
    {
        for (int t = 0; t < _shape.Length; t++)
        {
            Span<float> row = _scores.AsSpan(t * _shape.Tokens, _shape.Tokens);
            TensorPrimitives.SoftMax<float>(row, row);
            int right = tokens[t + 1];
            Loss -= Math.Log(Math.Max(row[right], 1e-20f));
            row[right] -= 1;
            TensorPrimitives.Multiply(row, share, row);
        }
    }

    private void Backward(ReadOnlySpan<int> tokens)
    {
        int width = _shape.Width;
        LinearBack(_lastNormed, _network.Embedding, _scores, _normed, width, _shape.Tokens, adds: false);
        Array.Clear(_stream);
        Norm.Backward(_last, Weights(_network.OutputNorm, width), _normed, _stream, Gradients.AsSpan(_network.OutputNorm, width));
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            BackThroughInner(_layers[i], _network.Layers[i]);
            BackThroughAttention(_layers[i], _network.Layers[i]);
        }

        for (int t = 0; t < _shape.Length; t++)
        {
            Span<float> row = Gradients.AsSpan(_network.Embedding + (tokens[t] * width), width);
            TensorPrimitives.Add(row, _stream.AsSpan(t * width, width), row);
        }
    }

    private void BackThroughInner(LayerState layer, LayerOffsets at)
    {
        LinearBack(layer.Hidden, at.Down, _stream, _hidden, _shape.Inner, _shape.Width, adds: false);
        for (int i = 0; i < _hidden.Length; i++)
        {
            float gate = layer.Gate[i];
            float sigmoid = 1 / (1 + MathF.Exp(-gate));
            _up[i] = _hidden[i] * gate * sigmoid;
            _gate[i] = _hidden[i] * layer.Up[i] * sigmoid * (1 + (gate * (1 - sigmoid)));
        }

        LinearBack(layer.MiddleNormed, at.Gate, _gate, _normed, _shape.Width, _shape.Inner, adds: false);
        LinearBack(layer.MiddleNormed, at.Up, _up, _normed, _shape.Width, _shape.Inner, adds: true);
        Norm.Backward(layer.Middle, Weights(at.InnerNorm, _shape.Width), _normed, _stream, Gradients.AsSpan(at.InnerNorm, _shape.Width));
    }

    private void BackThroughAttention(LayerState layer, LayerOffsets at)
    {
        int width = _shape.Width;
        LinearBack(layer.Mixed, at.Output, _stream, _mixed, width, width, adds: false);
        _attention.Backward(layer, _mixed);
        _rotation.Apply(_attention.QueryGradient, -1);
        _rotation.Apply(_attention.KeyGradient, -1);
        LinearBack(layer.Normed, at.Query, _attention.QueryGradient, _normed, width, width, adds: false);
        LinearBack(layer.Normed, at.Key, _attention.KeyGradient, _normed, width, width, adds: true);
        LinearBack(layer.Normed, at.Value, _attention.ValueGradient, _normed, width, width, adds: true);
        Norm.Backward(layer.Input, Weights(at.AttentionNorm, width), _normed, _stream, Gradients.AsSpan(at.AttentionNorm, width));
    }

    private ReadOnlySpan<float> Weights(int offset, int length) => _network.Weights.AsSpan(offset, length);

    private void Linear(float[] input, int weights, float[] output, int from, int to) =>
        MatrixProduct.Compute(
            input, from, 1, _transposed.AsSpan(weights, from * to), to, output, to, (_shape.Length, to, from), adds: false);

    private void LinearBack(float[] input, int weights, float[] outputGradient, float[] inputGradient, int from, int to, bool adds)
    {
        MatrixProduct.Compute(
            outputGradient, to, 1, Weights(weights, from * to), from, inputGradient, from, (_shape.Length, from, to), adds);
        MatrixProduct.Compute(
            outputGradient, 1, to, input, from, Gradients.AsSpan(weights, from * to), from, (to, from, _shape.Length), adds: true);
    }
}
