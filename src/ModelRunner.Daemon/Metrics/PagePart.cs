namespace ModelRunner.Daemon.Metrics;

/// <summary>A part of a page. It is kept until all readers of the page have sent it.</summary>
/// <param name="bytes">The content.</param>
internal sealed class PagePart(SegmentedBuffer bytes)
{
    /// <summary>The content. Borrowed: a reader may use it until it asks for the next part.</summary>
    public SegmentedBuffer Bytes => bytes;

    /// <summary>The number of readers that have not sent it. Guarded by the lock of the page.</summary>
    public int PendingReaders { get; set; }
}
