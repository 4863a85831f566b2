using ModelRunner.GgufGenerator.Training;

namespace ModelRunner.GgufGenerator.Tests.Training;

public sealed class TrainerTests
{
    private static readonly Shape Small = new(Tokens: 32, Width: 32, Layers: 2, Heads: 2, Inner: 48, Length: 64);

    [Fact]
    public void The_gradients_are_those_that_differences_give()
    {
        var network = new Network(Small, 3);
        int[] tokens = [.. Enumerable.Range(0, Small.Length + 1).Select(i => i * i % 31)];
        float[] gradients = Run(network, tokens).Gradients;

        foreach (LayerOffsets layer in network.Layers)
        {
            int[] places =
            [
                network.Embedding + 5, network.OutputNorm + 3, layer.AttentionNorm + 1,
                layer.Query + 40, layer.Key + 77, layer.Value + 9, layer.Output + 200,
                layer.InnerNorm + 2, layer.Gate + 30, layer.Up + 31, layer.Down + 500,
            ];
            foreach (int place in places)
            {
                const float Step = 0.01f;
                float weight = network.Weights[place];
                network.Weights[place] = weight + Step;
                double above = Run(network, tokens).Loss;
                network.Weights[place] = weight - Step;
                double below = Run(network, tokens).Loss;
                network.Weights[place] = weight;
                double slope = (above - below) / (2 * Step);
                Assert.Equal(slope, gradients[place], 0.02 + (0.02 * Math.Abs(slope)));
            }
        }
    }

    [Fact]
    public void What_repeats_is_learned()
    {
        int[] corpus = [.. Enumerable.Range(0, 4000).Select(i => i % 10)];
        var trainer = new Trainer(new Network(Small, 3), corpus, threads: 2);

        double before = trainer.Step(0, 0.004f);
        double after = before;
        for (int step = 1; step < 40; step++)
            after = trainer.Step(step, 0.004f);

        Assert.InRange(before, 3, 4);
        Assert.InRange(after, 0, 0.5);
    }

    private static Pass Run(Network network, int[] tokens)
    {
        float[] transposed = new float[network.Weights.Length];
        network.TransposeTo(transposed);
        var pass = new Pass(network, transposed);
        pass.Run(tokens, 1);
        return pass;
    }
}
