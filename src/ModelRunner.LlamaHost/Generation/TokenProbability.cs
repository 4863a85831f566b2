using System.Numerics.Tensors;
using LLama.Native;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>The probability of a generated token, before any sampler, and the most likely tokens at its position.</summary>
/// <param name="Token">The token that was generated.</param>
/// <param name="Logarithm">The natural logarithm of its probability.</param>
/// <param name="Top">The most likely tokens with theirs, the best first.</param>
internal sealed record TokenProbability(LLamaToken Token, float Logarithm, IReadOnlyList<(LLamaToken Token, float Logarithm)> Top)
{
    /// <summary>Computes it from the scores of all tokens.</summary>
    /// <param name="scores">The scores, by the number of the token.</param>
    /// <param name="token">The token that was generated.</param>
    /// <param name="most">How many of the most likely tokens to return.</param>
    public static TokenProbability Of(ReadOnlySpan<float> scores, LLamaToken token, int most)
    {
        float best = TensorPrimitives.Max(scores);
        double sum = 0;
        foreach (float score in scores)
            sum += Math.Exp(score - best);
        double offset = best + Math.Log(sum);

        var top = new PriorityQueue<int, float>();
        for (int id = 0; id < scores.Length && most > 0; id++)
        {
            if (top.Count < most)
                top.Enqueue(id, scores[id]);
            else if (top.TryPeek(out _, out float least) && scores[id] > least)
                top.DequeueEnqueue(id, scores[id]);
        }

        var ordered = new (LLamaToken Token, float Logarithm)[top.Count];
        for (int place = ordered.Length - 1; place >= 0; place--)
        {
            int id = top.Dequeue();
            ordered[place] = ((LLamaToken)id, Logarithm(scores[id]));
        }

        return new TokenProbability(token, Logarithm(scores[(int)token]), ordered);

        // JSON has no infinity.
        float Logarithm(float score) => float.IsFinite(score) ? (float)(score - offset) : float.MinValue;
    }
}
