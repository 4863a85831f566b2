using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>A file in a repository.</summary>
/// <param name="Path">Its path, not escaped.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Digest">The SHA-256 of its bytes; null: the repository keeps it without one, as it does with small texts.</param>
internal sealed record RepositoryFile(string Path, long Size, Digest? Digest);
