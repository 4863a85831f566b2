namespace ModelRunner.Store.Foreign;

/// <summary>A store of another tool.</summary>
/// <param name="Tool">The name of the tool, for people.</param>
/// <param name="Layout">How its files are named.</param>
/// <param name="Folder">Absolute path. It need not exist.</param>
internal sealed record ContentPlace(string Tool, ContentLayout Layout, string Folder)
{
    /// <summary>Whether the tool names files by their SHA-256. Such a tool never writes to a file that has its name.</summary>
    public bool HasDigests => Layout is ContentLayout.Artifacts or ContentLayout.HuggingFace or ContentLayout.Ollama;
}
