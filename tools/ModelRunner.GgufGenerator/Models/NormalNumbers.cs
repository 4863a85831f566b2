namespace ModelRunner.GgufGenerator.Models;

/// <summary>Random numbers of the normal distribution, from a seed (Box and Muller's method).</summary>
internal sealed class NormalNumbers(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The next number, of mean 0 and deviation 1.</summary>
    public float Next() => (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));

    /// <summary>The given number of random numbers with a standard deviation.</summary>
    public float[] Take(int count, float deviation)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
            numbers[i] = Next() * deviation;
        return numbers;
    }
}
