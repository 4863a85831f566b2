using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Checks;

/// <summary>A file of a model after its check.</summary>
/// <param name="File">The file, as the manifest names it. For the manifest itself, the digest is the id of the model.</param>
/// <param name="Condition">What was found out.</param>
internal sealed record CheckedFile(Descriptor File, FileCondition Condition)
{
    /// <summary>The digest that its bytes have; null: it is not known, or it is the right one.</summary>
    public Digest? Found { get; init; }

    /// <summary>Bytes that it has.</summary>
    public long FoundSize { get; init; }

    /// <summary>What it was when it was read.</summary>
    public FileStatus Status { get; init; }

    /// <summary>Whether it is the manifest.</summary>
    public bool IsManifest { get; init; }

    /// <summary>Why it cannot be read, or not be set aside, a clause; null: there was no problem.</summary>
    public string? Problem { get; init; }

    /// <summary>The kind of <see cref="Problem"/> of a file that is unreadable.</summary>
    public UnreadableCause Cause { get; init; }

    /// <summary>Whether it was set aside, so that the next pull fetches it.</summary>
    public bool IsSetAside { get; init; }

    /// <summary>Why it could not be set aside, so that it is known to be damaged and its models are not served; null: that is not so.</summary>
    public StoreErrorReason? Refusal { get; init; }

    /// <summary>Whether it has a <see cref="Refusal"/>.</summary>
    public bool IsRefused => Refusal is not null;

    /// <summary>Whether the check has changed what is served.</summary>
    public bool HasEffect => IsSetAside || IsRefused;

    /// <summary>Whether a runner has loaded the model, so that the file was left where it is.</summary>
    public bool IsLoaded { get; init; }
}
