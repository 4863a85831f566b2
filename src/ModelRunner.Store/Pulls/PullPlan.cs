using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Pulls;

/// <summary>What a pull must fetch.</summary>
/// <param name="ManifestBytes">The manifest, verified.</param>
/// <param name="Manifest">The same, read.</param>
/// <param name="Open">Opens one of its files.</param>
internal sealed record PullPlan(ReadOnlyMemory<byte> ManifestBytes, ArtifactManifest Manifest, FileOpener Open)
{
    /// <summary>The name that the model gets, if its tag was chosen; null: the one that was asked for.</summary>
    public ArtifactName? Name { get; init; }
}
