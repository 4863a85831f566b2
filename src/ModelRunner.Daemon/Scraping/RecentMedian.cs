namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The median of the last three values. One outlier does not change it, and two in a row do. The first value counts half, and the initial guess
/// the other half. Thread-safe.
/// </summary>
/// <param name="guess">The value before the first one is added.</param>
internal sealed class RecentMedian(double guess)
{
    private readonly Lock _lock = new();
    private bool _isGuess = true;
    private (double First, double Second, double Third) _last = (guess, guess, guess);

    /// <summary>The median.</summary>
    public double Value
    {
        get
        {
            lock (_lock)
                return Math.Max(Math.Min(_last.First, _last.Second), Math.Min(Math.Max(_last.First, _last.Second), _last.Third));
        }
    }

    /// <summary>Adds a value and drops the oldest.</summary>
    public void Add(double value)
    {
        lock (_lock)
        {
            double half = (guess + value) / 2;
            _last = _isGuess ? (half, half, value) : (_last.Second, _last.Third, value);
            _isGuess = false;
        }
    }
}
