using System.Buffers;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>The merger and the buffer that one page needs while it is written. Reused for later pages. Not thread-safe.</summary>
internal sealed class MergeWorkspace(ExpositionLimits limits)
{
    /// <summary>The limits of <see cref="Merger"/>.</summary>
    public ExpositionLimits Limits => limits;

    public ExpositionMerger Merger { get; } = new(limits);

    /// <summary>The families of the daemon itself. The merger borrows this buffer until <see cref="Reset"/>.</summary>
    public ArrayBufferWriter<byte> OwnPage { get; } = new();

    /// <summary>Releases all borrowed memory.</summary>
    public void Reset()
    {
        Merger.Reset();
        OwnPage.ResetWrittenCount();
    }
}
