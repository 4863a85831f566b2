namespace ModelRunner.LlamaHost.Metrics;

/// <summary>
/// The throughput of the last 30 seconds: tokens, divided by the time that requests spent on them. It is what one request gets, not the sum
/// over requests that run side by side, and it is 0 when nothing was done for 30 seconds. llama-server shows the average since the last
/// reading instead, which gives two readers half of the truth each.
/// </summary>
internal sealed class ThroughputWindow
{
    private const int Seconds = 30;
    private readonly long[] _second = new long[Seconds];
    private readonly long[] _tokens = new long[Seconds];
    private readonly TimeSpan[] _time = new TimeSpan[Seconds];

    /// <summary>Adds work that ends at this moment.</summary>
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

    /// <summary>Tokens a second at this moment; 0 without any work.</summary>
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
