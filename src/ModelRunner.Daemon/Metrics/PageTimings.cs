using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Metrics;

/// <summary>Measures the creation of one page, from its first body on. Not thread-safe.</summary>
internal sealed class PageTimings(TimeProvider time)
{
    private long _startedAt;
    private long _lastBodyAt;
    private long _parsedAt;
    private long _mergedAt;

    /// <summary>The bytes of the bodies that were parsed completely.</summary>
    public long Bytes { get; private set; }

    /// <summary>The bytes of the first part, before compression.</summary>
    public long PartBytes { get; set; }

    public void Begin() => _startedAt = _lastBodyAt = time.GetTimestamp();

    /// <summary>
    /// Adds a body that was parsed completely. Time that is spent later on a body that is given up is not counted for these bytes.
    /// </summary>
    public void AddBody(int bytes)
    {
        Bytes += bytes;
        _lastBodyAt = time.GetTimestamp();
    }

    public void EndParsing() => _parsedAt = time.GetTimestamp();

    public void EndMerging() => _mergedAt = time.GetTimestamp();

    /// <summary>Reports the times when the first part is ready to be sent.</summary>
    public void Report(MergePace pace)
    {
        if (Bytes >= MergePace.MinBytes)
        {
            pace.Record(
                Bytes, time.GetElapsedTime(_startedAt, _lastBodyAt), time.GetElapsedTime(_parsedAt, _mergedAt), time.GetElapsedTime(_mergedAt), PartBytes);
        }
    }
}
