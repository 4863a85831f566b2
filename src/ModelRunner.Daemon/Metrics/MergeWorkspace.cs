using System.Buffers;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>What one page needs while it is made, kept to be used again for the next.</summary>
internal sealed class MergeWorkspace(ExpositionLimits limits)
{
    public ExpositionMerger Merger { get; } = new(limits);

    /// <summary>The daemon's own families. The merger borrows them.</summary>
    public ArrayBufferWriter<byte> OwnPage { get; } = new();

    /// <summary>Lets go of everything that was borrowed.</summary>
    public void Reset()
    {
        Merger.Reset();
        OwnPage.ResetWrittenCount();
    }
}
