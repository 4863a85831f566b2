namespace ModelRunner.LlamaHost.Metrics;

/// <summary>
/// The throughput of the last 30 seconds: tokens, divided by the time that requests spent on them. It is the rate of one request, not the
/// sum over concurrent requests, and it is 0 after 30 seconds without work. llama-server instead shows the average since the last scrape, so
/// that two scrapers get wrong values.
/// </summary>
internal sealed class ThroughputWindow
{
    private const int Seconds = 30;
    private readonly long[] _second = new long[Seconds];
    private readonly long[] _tokens = new long[Seconds];
    private readonly TimeSpan[] _time = new TimeSpan[Seconds];

    /// <summary>Adds work that ends now.</summary>
    public void Add(long timestamp, long frequency, int tokens, TimeSpan time)
    {
        long second = timestamp / frequency;
        int place = (int)(second % Seconds);
        if (_second[place] != second)
        {
            _second[place] = second;
            _tokens[place] = 0;
            _time[place] = TimeSpan.Zero;
        }

        _tokens[place] += tokens;
        _time[place] += time;
    }

    /// <summary>Tokens per second now; 0 without work.</summary>
    public double Rate(long timestamp, long frequency)
    {
        long second = timestamp / frequency;
        long tokens = 0;
        TimeSpan time = TimeSpan.Zero;
        for (int place = 0; place < Seconds; place++)
        {
            if (second - _second[place] >= Seconds)
                continue;
            tokens += _tokens[place];
            time += _time[place];
        }

        return time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0;
    }
}
