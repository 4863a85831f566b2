namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The median of the last three figures. One odd figure among them changes nothing, and two in a row are believed. The first figure counts half,
/// and a guess the other half. Thread-safe.
/// </summary>
/// <param name="guess">What counts before the first.</param>
internal sealed class RecentMedian(double guess)
{
    private readonly Lock _gate = new();
    private bool _isGuess = true;
    private (double First, double Second, double Third) _last = (guess, guess, guess);

    /// <summary>The median.</summary>
    public double Value
    {
        get
        {
            lock (_gate)
                return Math.Max(Math.Min(_last.First, _last.Second), Math.Min(Math.Max(_last.First, _last.Second), _last.Third));
        }
    }

    /// <summary>Takes a figure in, and forgets the oldest.</summary>
    public void Add(double figure)
    {
        lock (_gate)
        {
            double half = (guess + figure) / 2;
            _last = _isGuess ? (half, half, figure) : (_last.Second, _last.Third, figure);
            _isGuess = false;
        }
    }
}
