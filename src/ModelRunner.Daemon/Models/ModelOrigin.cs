namespace ModelRunner.Daemon.Models;

/// <summary>
/// Where a model comes from, as lists show it. The models of other tools have the name of their tool, see <see cref="Configuration.SourceText"/>.
/// </summary>
internal static class ModelOrigin
{
    /// <summary>The configuration names its file or its engine.</summary>
    public const string Configuration = "configuration";

    /// <summary>Its file is in the models folder.</summary>
    public const string Store = "store";

    /// <summary>It is one of the two models of the demo.</summary>
    public const string Demo = "demo";

    /// <summary>Attached runners serve it.</summary>
    public const string Attached = "attached";
}
