using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>A model of the store whose manifest is right and whose files are all there. They are kept until disposal.</summary>
internal sealed class HeldModel : IDisposable
{
    private readonly IDisposable _held;

    private HeldModel(byte[] bytes, ArtifactManifest manifest, IDisposable held) => (Bytes, Manifest, _held) = (bytes, manifest, held);

    /// <summary>The bytes of its manifest.</summary>
    public byte[] Bytes { get; }

    /// <summary>Its manifest.</summary>
    public ArtifactManifest Manifest { get; }

    /// <summary>Takes a model into use.</summary>
    /// <param name="store">The store.</param>
    /// <param name="id">The model.</param>
    /// <param name="name">Its name in sentences.</param>
    /// <exception cref="StoreException">The model was removed, or its files cannot be used; the message says why.</exception>
    public static HeldModel Open(ModelStore store, Digest id, string name)
    {
        byte[]? bytes = ManifestFile.ReadBytes(store.Folder, id);
        string? fault = ModelFault.OfManifest(store.Folder, id, bytes, out ArtifactManifest? manifest);
        if (bytes is not null && !ContentHash.Matches(bytes, id))
            fault ??= ModelFault.ChangedManifest;
        if (fault is not null)
            throw store.ExplainMissing(id, StoreErrorReason.Damaged, $"the model {name} {fault}");

        // A model that is removed meanwhile keeps its files.
        IDisposable held = store.Holds.Hold([.. manifest!.Files.Select(static file => file.Digest)]);
        if (ModelFault.OfFiles(store.Folder, manifest.Files) is not { } problem)
            return new HeldModel(bytes!, manifest, held);
        held.Dispose();
        throw store.ExplainMissing(id, StoreErrorReason.MissingFile, $"the model {name} {problem}");
    }

    public void Dispose() => _held.Dispose();
}
