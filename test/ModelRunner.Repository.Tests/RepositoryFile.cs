namespace ModelRunner.Repository.Tests;

/// <summary>One file of the repository.</summary>
/// <param name="Path">Its path from the root, with slashes.</param>
/// <param name="Text">What is in it.</param>
internal sealed record RepositoryFile(string Path, string Text)
{
    /// <summary>Its lines. A line feed at the end does not begin another one.</summary>
    public string[] Lines { get; } = Text.TrimEnd('\n').Split('\n');
}
