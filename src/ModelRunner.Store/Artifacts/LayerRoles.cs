namespace ModelRunner.Store.Artifacts;

/// <summary>Decides what a layer is for, by its media type and its path.</summary>
internal static class LayerRoles
{
    public static LayerRole Of(Descriptor layer) => layer.MediaType switch
    {
        MediaTypes.Gguf or MediaTypes.CncfOldGguf => IsProjector(layer.FilePath) ? LayerRole.Projector : LayerRole.Weights,
        MediaTypes.Projector => LayerRole.Projector,
        MediaTypes.ChatTemplate => LayerRole.ChatTemplate,
        MediaTypes.License => LayerRole.License,
        MediaTypes.File or MediaTypes.CncfRawWeight or MediaTypes.CncfWeightConfig or MediaTypes.CncfDoc => OfFile(layer),
        "application/vnd.docker.ai.safetensors" or "application/vnd.docker.ai.dduf" => LayerRole.ForeignWeights,
        _ when layer.MediaType.StartsWith(MediaTypes.CncfWeight, StringComparison.Ordinal) => LayerRole.ForeignWeights,
        _ => LayerRole.Other,
    };

    // The path was written by whoever made the artifact. It is compared and never opened.
    private static LayerRole OfFile(Descriptor layer)
    {
        string path = layer.FilePath ?? "";
        if (HasEnding(path, ".gguf"))
            return IsProjector(path) ? LayerRole.Projector : LayerRole.Weights;
        if (HasEnding(path, ".jinja"))
            return LayerRole.ChatTemplate;
        if (layer.MediaType == MediaTypes.CncfRawWeight)
            return LayerRole.ForeignWeights;
        return Path.GetFileName(path).StartsWith("LICENSE", StringComparison.OrdinalIgnoreCase) ? LayerRole.License : LayerRole.Other;
    }

    private static bool IsProjector(string? path) => path is not null && Path.GetFileName(path).Contains("mmproj", StringComparison.OrdinalIgnoreCase);

    private static bool HasEnding(string path, string ending) => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
