namespace ModelRunner.Store.HuggingFace;

/// <summary>One model of a repository: a GGUF file, or all parts of one.</summary>
/// <param name="Tag">What tells it from the other models of the repository: its quantization or, if others have the same, the name of its file.</param>
/// <param name="Files">Its files, in the order of the parts.</param>
internal sealed record RepositoryModel(string Tag, IReadOnlyList<RepositoryFile> Files)
{
    /// <summary>Its quantization by the name of its file, or another word at the end of that.</summary>
    public required string Quantization { get; init; }

    /// <summary>The path of its first file.</summary>
    public string Path => Files[0].Path;

    /// <summary>Bytes of all its files.</summary>
    public long Size => Files.Sum(static file => file.Size);

    /// <summary>Why it cannot be fetched, a clause that follows its path; null: it can.</summary>
    public string? Problem { get; init; }
}
