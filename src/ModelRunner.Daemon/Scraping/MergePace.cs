namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Estimates how long large pages take on this machine, from previous pages. The estimate decides how long the daemon waits for runners and how
/// many bytes can be merged in time. It is the median of the last three pages: one page that was slow because the machine was busy does not
/// drop runners from the next ones, and two pages are enough to learn that the machine became slower or faster. The first page also allocates
/// its memory, so it counts half. Thread-safe.
/// </summary>
/// <param name="restPerParsing">The initial ratio of the time for merging, writing and sending to the time for parsing the bodies.</param>
internal sealed class MergePace(double restPerParsing)
{
    /// <summary>Pages with fewer bytes of bodies take no measurable time and are ignored.</summary>
    public const long MinBytes = 1024 * 1024;

    /// <summary>A page is longer than its bodies because of the added labels.</summary>
    private const double PageBytesPerByte = 1.6;

    /// <summary>Sending a page takes at most twice as long as creating it, because the client needs the same processors.</summary>
    private const double SendFactor = 3;

    /// <summary>The initial estimate in seconds per byte: the time of a published build on an idle machine.</summary>
    private const double InitialSecondsPerByte = 1e-9;

    private const double MinSecondsPerByte = 0.2e-9;
    private const double MaxSecondsPerByte = 100e-9;
    private const double MinRest = 0.5;

    /// <summary>
    /// The most by which the ratio may exceed its initial value. Pages that were created on a busy machine must not drop all runners from the
    /// next ones.
    /// </summary>
    private const double MaxRestToInitial = 2;

    private readonly double _maxRest = restPerParsing * MaxRestToInitial;
    private readonly RecentMedian _secondsPerByte = new(InitialSecondsPerByte);
    private readonly RecentMedian _restPerParsing = new(restPerParsing);

    /// <summary>The estimated time for a page from this number of bytes of bodies.</summary>
    public TimeSpan TimeFor(long bytes) => bytes < MinBytes
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(bytes * _secondsPerByte.Value * (1 + _restPerParsing.Value));

    /// <summary>The part of the remaining time that can be spent on parsing bodies.</summary>
    public TimeSpan TimeForParsing(TimeSpan left) => left / (1 + _restPerParsing.Value);

    /// <summary>Adds the times of one page.</summary>
    /// <param name="bytes">The bytes of the bodies that were parsed completely.</param>
    /// <param name="parsed">The time for parsing them.</param>
    /// <param name="merged">The time for merging them.</param>
    /// <param name="written">The time for writing the first part, and for compressing it.</param>
    /// <param name="partBytes">The length of the first part in bytes, before compression.</param>
    public void Record(long bytes, TimeSpan parsed, TimeSpan merged, TimeSpan written, long partBytes)
    {
        if (bytes < MinBytes || parsed <= TimeSpan.Zero || partBytes == 0)
            return;
        _secondsPerByte.Add(Math.Clamp(parsed.TotalSeconds / bytes, MinSecondsPerByte, MaxSecondsPerByte));
        double parts = Math.Max(bytes * PageBytesPerByte / partBytes, 1);
        double rest = (merged.TotalSeconds + (written.TotalSeconds * parts)) * SendFactor;
        _restPerParsing.Add(Math.Clamp(rest / parsed.TotalSeconds, MinRest, _maxRest));
    }
}
