namespace ModelRunner.Store.Artifacts;

/// <summary>The files of an artifact, as its manifest lists them.</summary>
/// <param name="Config">The file that describes the model.</param>
/// <param name="Layers">The other files, in order; the parts of a model are put in order by <see cref="ModelParts"/>.</param>
internal sealed record ArtifactManifest(Descriptor Config, IReadOnlyList<Descriptor> Layers)
{
    /// <summary>All files that a store must have, the configuration first; a file that is listed twice appears once.</summary>
    public IReadOnlyList<Descriptor> Files => [.. Layers.Prepend(Config).DistinctBy(static file => file.Digest)];

    /// <summary>Bytes of all files, each one once.</summary>
    public long TotalBytes => Files.Sum(static file => file.Size);

    /// <summary>The layers with one role, in order.</summary>
    public IEnumerable<Descriptor> LayersOf(LayerRole role) => Layers.Where(layer => LayerRoles.Of(layer) == role);

    /// <summary>
    /// Why no llama.cpp runner can load it: a clause that follows the name of the model. Null if one can.
    /// </summary>
    public string? FindProblem()
    {
        if (!MediaTypes.IsModelConfig(Config.MediaType))
            return $"has the configuration type {Config.MediaType}, which this program does not know";
        if (LayersOf(LayerRole.Weights).Any())
        {
            if (LayersOf(LayerRole.Weights).FirstOrDefault(static file => file.Size == 0) is { } empty)
                return $"has the empty file {empty.Digest.Short} in place of weights; its publisher must push it again";
            ModelParts.Of(this, out string? problem);
            return problem;
        }

        return LayersOf(LayerRole.ForeignWeights).FirstOrDefault() is { } other
            ? $"has no GGUF file, only weights of the media type {other.MediaType}; llama.cpp loads GGUF files only"
            : "has no GGUF file; llama.cpp loads GGUF files only";
    }
}
