using ModelRunner.Store.Artifacts;

namespace ModelRunner.Daemon.Pulling;

/// <summary>The words for what a file of a model is for.</summary>
internal static class RoleText
{
    public static string Of(Descriptor file) => LayerRoles.Of(file) switch
    {
        LayerRole.Weights => "weights",
        LayerRole.Projector => "projector",
        LayerRole.ChatTemplate => "template",
        LayerRole.License => "license",
        _ => MediaTypes.IsModelConfig(file.MediaType) ? "config" : "file",
    };
}
