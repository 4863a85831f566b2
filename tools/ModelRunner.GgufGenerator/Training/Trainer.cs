using System.Numerics.Tensors;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>
/// Trains a network with Adam: batches of random positions in the corpus, a learning rate that first rises and then falls until the end.
/// </summary>
internal sealed class Trainer
{
    private const int Batch = 16;
    private const float Rate = 0.004f;
    private const float LastShareOfRate = 0.02f;
    private const int WarmUpSteps = 50;
    private const float FirstDecay = 0.9f;
    private const float SecondDecay = 0.97f;

    private readonly Network _network;
    private readonly int[] _corpus;
    private readonly float[] _transposed;
    private readonly float[] _first;
    private readonly float[] _second;
    private readonly Pass[] _passes;
    private readonly Random _random = new(7);

    /// <summary>Allocates the memory for the training.</summary>
    /// <param name="network">The network, which is trained in place.</param>
    /// <param name="corpus">The training tokens.</param>
    /// <param name="threads">The number of sequences that run at the same time.</param>
    public Trainer(Network network, int[] corpus, int threads)
    {
        _network = network;
        _corpus = corpus;
        _transposed = new float[network.Weights.Length];
        _first = new float[network.Weights.Length];
        _second = new float[network.Weights.Length];
        _passes = [.. Enumerable.Range(0, threads).Select(_ => new Pass(network, _transposed))];
    }

    /// <summary>Trains for the given time.</summary>
    /// <param name="time">The duration.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="report">Receives the step and the loss of a token, now and then.</param>
    public void Train(TimeSpan time, TimeProvider clock, Action<int, double> report)
    {
        long start = clock.GetTimestamp();
        for (int step = 0; ; step++)
        {
            double done = clock.GetElapsedTime(start) / time;
            if (!(done < 1))
                return;
            double loss = Step(step, RateAt(step, done));
            if (step % 50 == 0)
                report(step, loss);
        }
    }

    /// <summary>Runs one step.</summary>
    /// <returns>The loss of a token before the step.</returns>
    public double Step(int step, float rate)
    {
        _network.TransposeTo(_transposed);
        int length = _network.Shape.Length;
        int[] places = [.. Enumerable.Range(0, Batch).Select(_ => _random.Next(_corpus.Length - length - 1))];
        Parallel.For(0, _passes.Length, new ParallelOptions { MaxDegreeOfParallelism = _passes.Length }, worker =>
        {
            _passes[worker].Clear();
            for (int i = worker; i < Batch; i += _passes.Length)
                _passes[worker].Run(_corpus.AsSpan(places[i], length + 1), 1f / (Batch * length));
        });

        float[] gradients = _passes[0].Gradients;
        foreach (Pass pass in _passes.Skip(1))
            TensorPrimitives.Add(gradients, pass.Gradients, gradients);
        Apply(step, rate, gradients);
        return _passes.Sum(pass => pass.Loss) / (Batch * length);
    }

    private static float RateAt(int step, double done)
    {
        double warmUp = Math.Min(1, (step + 1.0) / WarmUpSteps);
        double fall = LastShareOfRate + ((1 - LastShareOfRate) * 0.5 * (1 + Math.Cos(Math.PI * done)));
        return (float)(Rate * warmUp * fall);
    }

    private void Apply(int step, float rate, float[] gradients)
    {
        float norm = TensorPrimitives.Norm<float>(gradients);
        float clip = norm > 1 ? 1 / norm : 1;
        float firstBias = 1 - MathF.Pow(FirstDecay, step + 1);
        float secondBias = 1 - MathF.Pow(SecondDecay, step + 1);
        for (int i = 0; i < gradients.Length; i++)
        {
            float gradient = gradients[i] * clip;
            _first[i] = (FirstDecay * _first[i]) + ((1 - FirstDecay) * gradient);
            _second[i] = (SecondDecay * _second[i]) + ((1 - SecondDecay) * gradient * gradient);
            _network.Weights[i] -= rate * (_first[i] / firstBias / (MathF.Sqrt(_second[i] / secondBias) + 1e-8f));
        }
    }
}
