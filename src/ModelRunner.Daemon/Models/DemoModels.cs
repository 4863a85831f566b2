namespace ModelRunner.Daemon.Models;

/// <summary>The two small models that come with the program.</summary>
internal static class DemoModels
{
    /// <summary>Answers in words.</summary>
    public const string Chat = "tiny-chat:latest";

    /// <summary>Makes vectors of 64 numbers.</summary>
    public const string Embedding = "tiny-embed:latest";

    /// <summary>Their canonical references and the names of their files.</summary>
    public static IReadOnlyList<(string Reference, string FileName)> Files { get; } =
        [(Chat, "tiny-chat.gguf"), (Embedding, "tiny-embed.gguf")];
}
