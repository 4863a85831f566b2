namespace ModelRunner.Daemon.Runners;

/// <summary>A counter as it is printed.</summary>
/// <param name="Count">The printed value.</param>
/// <param name="Step">What it is rounded to; 1 or less: it is exact.</param>
internal readonly record struct CounterValue(long Count, long Step)
{
    /// <summary>How far the true value may be from the printed one.</summary>
    public long MaxError => Step > 1 ? Step / 2 : 0;
}
