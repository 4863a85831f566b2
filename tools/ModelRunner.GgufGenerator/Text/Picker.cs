namespace ModelRunner.GgufGenerator.Text;

/// <summary>Random choices from a seed.</summary>
internal sealed class Picker(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>A number below the limit.</summary>
    public int Below(int limit) => _random.Next(limit);

    /// <summary>A number from the first to below the second.</summary>
    public int Between(int least, int limit) => _random.Next(least, limit);

    /// <summary>One of the choices.</summary>
    public T Of<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}
