using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Pulls;

/// <summary>What a pull must fetch.</summary>
/// <param name="ManifestBytes">The manifest, verified.</param>
/// <param name="Manifest">The same, read.</param>
/// <param name="Open">Opens one of its files.</param>
internal sealed record PullPlan(ReadOnlyMemory<byte> ManifestBytes, ArtifactManifest Manifest, FileOpener Open);
