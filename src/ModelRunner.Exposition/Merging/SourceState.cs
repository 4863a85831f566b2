using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>One source while a page is built. Kept and used again for the next page.</summary>
internal sealed class SourceState
{
    private const int KeepArenaBytes = 64 * 1024;

    public TargetLabels Labels { get; private set; } = TargetLabels.None;

    /// <summary>The body as it was given: borrowed.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Samples that were no canonical text, written again as such.</summary>
    public ByteBuilder Arena { get; } = new();

    public SourceSummary Summary { get; private set; } = new();

    /// <summary>Whether it holds the page's own families.</summary>
    public bool IsOwn { get; private set; }

    /// <summary>Whether names with the reserved prefix are taken: those of the page itself, and all that were checked before.</summary>
    public bool AllowsReservedNames { get; set; }

    /// <summary>Whether a source of the page's own families has names that another source may have too.</summary>
    public bool HasForeignNames { get; set; }

    /// <summary>The place of the source in every family.</summary>
    public int Rank { get; set; }

    /// <summary>The hash of the target labels, to be added to those of the samples.</summary>
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

    /// <summary>Lets go of the borrowed bytes.</summary>
    public void End()
    {
        Labels = TargetLabels.None;
        Body = default;
        Arena.Trim(KeepArenaBytes);
    }
}
