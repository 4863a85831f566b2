namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// What the daemon counted minus what the runner or <c>usage</c> says, by source: 0 if they agree. Safe to use from any thread, without a lock.
/// </summary>
internal sealed class TokenDrift
{
    private readonly long[] _prompt = new long[Enum.GetValues<DriftSource>().Length];
    private readonly long[] _generated = new long[Enum.GetValues<DriftSource>().Length];
    private readonly long[] _comparisons = new long[Enum.GetValues<DriftSource>().Length];

    /// <summary>Tokens of prompts.</summary>
    public long Prompt(DriftSource source) => Interlocked.Read(ref _prompt[(int)source]);

    /// <summary>Generated tokens.</summary>
    public long Generated(DriftSource source) => Interlocked.Read(ref _generated[(int)source]);

    /// <summary>Whether anything was compared.</summary>
    public bool IsKnown(DriftSource source) => Interlocked.Read(ref _comparisons[(int)source]) > 0;

    /// <summary>Adds a comparison.</summary>
    /// <param name="source">What was compared with.</param>
    /// <param name="prompt">The change of the difference in tokens of prompts.</param>
    /// <param name="generated">The change of the difference in generated tokens.</param>
    /// <param name="comparisons">How many comparisons it is the sum of.</param>
    public void Add(DriftSource source, long prompt, long generated, long comparisons = 1)
    {
        Interlocked.Add(ref _prompt[(int)source], prompt);
        Interlocked.Add(ref _generated[(int)source], generated);
        Interlocked.Add(ref _comparisons[(int)source], comparisons);
    }

    /// <summary>Adds the comparisons of another account.</summary>
    public void Add(TokenDrift other)
    {
        foreach (DriftSource source in Enum.GetValues<DriftSource>())
            Add(source, other.Prompt(source), other.Generated(source), Interlocked.Read(ref other._comparisons[(int)source]));
    }
}
