using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>The state of one source of a page. Reused for later pages.</summary>
internal sealed class SourceState
{
    private const int KeepArenaBytes = 64 * 1024;

    public TargetLabels Labels { get; private set; } = TargetLabels.None;

    /// <summary>The body. Borrowed until <see cref="End"/>.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Samples that were not canonical text, rewritten.</summary>
    public ByteBuilder Arena { get; } = new();

    public SourceSummary Summary { get; private set; } = new();

    /// <summary>Whether it contains the caller's own families.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>
    /// Whether names with the reserved prefix are allowed: for the caller's own families, and for sources that were checked before.
    /// </summary>
    public bool AllowsReservedNames { get; set; }

    /// <summary>
    /// Whether a source of the caller's own families has names without the reserved prefix, which other sources may have too.
    /// </summary>
    public bool HasForeignNames { get; set; }

    /// <summary>The rank of the source in every family.</summary>
    public int Rank { get; set; }

    /// <summary>The hash of the target labels, which is added to those of the samples.</summary>
    public ulong LabelsHash { get; private set; }

    public void Begin(TargetLabels labels, ReadOnlyMemory<byte> body, bool isOwn)
    {
        Labels = labels;
        LabelsHash = labels.Hash;
        Body = body;
        IsOwn = isOwn;
        AllowsReservedNames = isOwn;
        HasForeignNames = false;
        Summary = new SourceSummary();
    }

    /// <summary>Releases the borrowed body.</summary>
    public void End()
    {
        Labels = TargetLabels.None;
        Body = default;
        Arena.Trim(KeepArenaBytes);
    }
}
