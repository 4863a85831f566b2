namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// How long large pages take on this machine, from those made before: it decides how long runners may be waited for, and how much of what
/// they sent can be merged in time. Of the last three pages the median counts: a page that was made while the processors were elsewhere costs the
/// next ones no runners, and two pages are enough to learn that the machine became slower or quicker. The first page, which also pays for its
/// memory, counts half. Thread-safe.
/// </summary>
/// <param name="restPerReading">Before the first page: how many times as long as reading bodies in it takes to merge, write and send them.</param>
internal sealed class MergePace(double restPerReading)
{
    /// <summary>Smaller pages are made in an instant, and what they take says nothing.</summary>
    public const long LeastBytes = 1024 * 1024;

    /// <summary>A page is longer than its bodies by the labels.</summary>
    private const double PageBytesPerByte = 1.6;

    /// <summary>Sending a page takes at most twice as long as making it, for the client needs the same processors.</summary>
    private const double WithSending = 3;

    /// <summary>Before the first page, in seconds per byte: what a published daemon takes on a machine that does nothing else.</summary>
    private const double FirstGuess = 1e-9;

    private const double Fastest = 0.2e-9;
    private const double Slowest = 100e-9;
    private const double LeastRest = 0.5;

    /// <summary>Pages that were made while the processors were elsewhere must not cost the next ones all their runners.</summary>
    private const double MaxRestByFirst = 2;

    private readonly double _mostRest = restPerReading * MaxRestByFirst;
    private readonly RecentMedian _secondsPerByte = new(FirstGuess);
    private readonly RecentMedian _restPerReading = new(restPerReading);

    /// <summary>The time that a page of so many bytes of bodies will take.</summary>
    public TimeSpan TimeFor(long bytes) => bytes < LeastBytes
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(bytes * _secondsPerByte.Value * (1 + _restPerReading.Value));

    /// <summary>How long bodies may be read in where the page must have been sent after so much time.</summary>
    public TimeSpan TimeForReadingIn(TimeSpan left) => left / (1 + _restPerReading.Value);

    /// <summary>Learns from a page.</summary>
    /// <param name="bytes">The bytes of the bodies that were read in.</param>
    /// <param name="readIn">How long that took.</param>
    /// <param name="merged">How long it took to merge them.</param>
    /// <param name="written">How long it took to write the first part, and to pack it.</param>
    /// <param name="partBytes">How long that part is, before it is packed.</param>
    public void Note(long bytes, TimeSpan readIn, TimeSpan merged, TimeSpan written, long partBytes)
    {
        if (bytes < LeastBytes || readIn <= TimeSpan.Zero || partBytes == 0)
            return;
        _secondsPerByte.Add(Math.Clamp(readIn.TotalSeconds / bytes, Fastest, Slowest));
        double parts = Math.Max(bytes * PageBytesPerByte / partBytes, 1);
        double rest = (merged.TotalSeconds + (written.TotalSeconds * parts)) * WithSending;
        _restPerReading.Add(Math.Clamp(rest / readIn.TotalSeconds, LeastRest, _mostRest));
    }
}
