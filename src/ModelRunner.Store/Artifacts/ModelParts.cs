using ModelRunner.Store.Names;

namespace ModelRunner.Store.Artifacts;

/// <summary>
/// Puts the GGUF files of an artifact in the order in which llama.cpp numbers the parts of a model. Layers of Docker's first format have no names: their
/// order is that of the parts. Files with paths must be the complete parts of one model. A file that is named several times is one part.
/// </summary>
internal static class ModelParts
{
    /// <summary>The parts in order.</summary>
    /// <param name="manifest">The artifact.</param>
    /// <param name="problem">A clause that follows the name of the model; null: the parts are one model.</param>
    public static IReadOnlyList<Descriptor> Of(ArtifactManifest manifest, out string? problem)
    {
        problem = null;
        Descriptor[] files = [.. manifest.LayersOf(LayerRole.Weights).DistinctBy(static file => file.Digest)];
        if (files.Length < 2 || files.All(static file => file.FilePath is null))
            return files;

        var parts = new SortedDictionary<int, Descriptor>();
        string? stem = null;
        foreach (Descriptor file in files)
        {
            if (!ShardName.TryParse(file.FilePath ?? "", out ShardName name) || name.Count != files.Length || (stem ??= name.Stem) != name.Stem
                || !parts.TryAdd(name.Index, file))
            {
                problem = $"has {files.Length} GGUF files that are not the parts of one model, and llama.cpp loads one model; pull a tag with one quantization";
                return files;
            }
        }

        return [.. parts.Values];
    }
}
