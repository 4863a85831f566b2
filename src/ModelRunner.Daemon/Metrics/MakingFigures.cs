namespace ModelRunner.Daemon.Metrics;

/// <summary>What the making of one page took, from its first body on.</summary>
internal sealed class MakingFigures(TimeProvider time)
{
    private long _startedAt;
    private long _readInAt;
    private long _mergedAt;

    /// <summary>The bytes of the bodies that were read in.</summary>
    public long Bytes { get; set; }

    /// <summary>The bytes of the first part.</summary>
    public long PartBytes { get; set; }

    public void Begin() => _startedAt = time.GetTimestamp();

    public void EndReadingIn() => _readInAt = time.GetTimestamp();

    public void EndMerging() => _mergedAt = time.GetTimestamp();

    /// <summary>Tells all, when the first part is ready to be sent.</summary>
    public void Tell(MergePace pace)
    {
        if (Bytes >= MergePace.LeastBytes)
        {
            pace.Note(
                Bytes, time.GetElapsedTime(_startedAt, _readInAt), time.GetElapsedTime(_readInAt, _mergedAt), time.GetElapsedTime(_mergedAt), PartBytes);
        }
    }
}
