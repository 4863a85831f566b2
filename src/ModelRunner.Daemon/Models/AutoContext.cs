using System.Numerics;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Chooses the context of a model whose <c>contextSize</c> is <c>auto</c>: the largest one that fits beside what is loaded. No other model is stopped for
/// more than the usual context.
/// </summary>
internal static class AutoContext
{
    /// <summary>The context in tokens that a model gets without any setting, if it was trained for as many.</summary>
    public const int Usual = 4096;

    // A shorter context is of little use.
    private const int Least = 512;

    // Eight sizes up to twice a size: memory that varies a little then leads to the same context, for which measurements exist.
    private const int SizesPerDoubling = 8;

    /// <summary>The number of tokens for each slot.</summary>
    /// <param name="most">The most tokens.</param>
    /// <param name="free">The bytes that are free beside all loaded models.</param>
    /// <param name="possible">The bytes that would be free if all models were stopped that may be.</param>
    /// <param name="needs">The bytes that the model needs with a context.</param>
    public static int Choose(int most, long free, long possible, Func<int, long> needs)
    {
        int[] sizes = [.. Sizes(most)];
        int usual = Math.Min(most, Usual);
        if (Largest(sizes, free, needs) is { } beside && beside >= usual)
            return beside;
        return needs(usual) <= possible ? usual : Largest(sizes, possible, needs) ?? sizes[0];
    }

    // Less context never needs more memory, but for measurements of some of them.
    private static int? Largest(int[] sizes, long limit, Func<int, long> needs)
    {
        int low = 0;
        int high = sizes.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = needs(sizes[middle]) <= limit ? (middle + 1, high) : (low, middle);
        }

        return low == 0 ? null : sizes[low - 1];
    }

    private static IEnumerable<int> Sizes(int most)
    {
        for (long size = Least; size < most; size += Math.Max(RunnerShape.ContextStep, PowerUpTo(size) / SizesPerDoubling))
            yield return (int)size;
        yield return most;
    }

    private static long PowerUpTo(long size) => 1L << BitOperations.Log2((ulong)size);
}
