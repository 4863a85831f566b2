namespace ModelRunner.Daemon.Metrics;

/// <summary>What the making of one page took, from its first body on.</summary>
internal sealed class MakingFigures(TimeProvider time)
{
    private long _startedAt;
    private long _lastBodyAt;
    private long _readInAt;
    private long _mergedAt;

    /// <summary>The bytes of the bodies that were read in whole.</summary>
    public long Bytes { get; private set; }

    /// <summary>The bytes of the first part.</summary>
    public long PartBytes { get; set; }

    public void Begin() => _startedAt = _lastBodyAt = time.GetTimestamp();

    /// <summary>A body was read in whole. What is spent later on one that is given up says nothing about those bytes.</summary>
    public void AddBody(int bytes)
    {
        Bytes += bytes;
        _lastBodyAt = time.GetTimestamp();
    }

    public void EndReadingIn() => _readInAt = time.GetTimestamp();

    public void EndMerging() => _mergedAt = time.GetTimestamp();

    /// <summary>Tells all, when the first part is ready to be sent.</summary>
    public void Tell(MergePace pace)
    {
        if (Bytes >= MergePace.LeastBytes)
        {
            pace.Note(
                Bytes, time.GetElapsedTime(_startedAt, _lastBodyAt), time.GetElapsedTime(_readInAt, _mergedAt), time.GetElapsedTime(_mergedAt), PartBytes);
        }
    }
}
