using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Reads the digest of a file in its name: <c>HEX</c> as in the cache of Hugging Face, <c>sha256-HEX</c> or <c>sha256:HEX</c> as in Ollama's store.
/// </summary>
internal static class ContentName
{
    /// <summary>The digest that the name of a file is, or that of the file to which a link leads; null: neither is one. It may wait for the disk.</summary>
    public static Digest? DigestOf(string path)
    {
        try
        {
            return Read(path) ?? (new FileInfo(path).LinkTarget is { } target ? Read(target) : null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The digest that the name at the end of a path is; null: it is none. It asks no disk.</summary>
    public static Digest? Read(string path)
    {
        string name = Path.GetFileName(path);
        bool hasAlgorithm = name.StartsWith(Digest.Sha256, StringComparison.Ordinal) && name.Length > Digest.Sha256.Length
            && name[Digest.Sha256.Length] is '-' or ':';
        return Digest.TryParse($"{Digest.Sha256}:{(hasAlgorithm ? name[(Digest.Sha256.Length + 1)..] : name)}", out Digest digest) ? digest : null;
    }
}
