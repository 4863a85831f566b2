namespace ModelRunner.Daemon.Metrics;

/// <summary>A part of a page, kept until all its readers have taken it.</summary>
/// <param name="bytes">What it holds.</param>
internal sealed class PagePart(SegmentedBuffer bytes)
{
    /// <summary>What it holds. Borrowed: a reader may use it until it asks for the next.</summary>
    public SegmentedBuffer Bytes => bytes;

    /// <summary>How many readers have yet to take it. Only under the lock of the page.</summary>
    public int Waiting { get; set; }
}
