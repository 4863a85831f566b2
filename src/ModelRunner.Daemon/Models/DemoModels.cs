namespace ModelRunner.Daemon.Models;

/// <summary>The two small models that come with the program.</summary>
internal static class DemoModels
{
    /// <summary>The model that generates text.</summary>
    public const string Chat = "tiny-chat:latest";

    /// <summary>The model that makes vectors of 64 numbers.</summary>
    public const string Embedding = "tiny-embed:latest";

    /// <summary>Their canonical references and file names.</summary>
    public static IReadOnlyList<(string Reference, string FileName)> Files { get; } =
        [(Chat, "tiny-chat.gguf"), (Embedding, "tiny-embed.gguf")];
}
