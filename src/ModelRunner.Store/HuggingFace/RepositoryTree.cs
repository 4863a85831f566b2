using System.Text.Json;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Reads what Hugging Face's API says of a repository.</summary>
internal static class RepositoryTree
{
    private const int CommitLength = 40;

    /// <summary>The commit of a revision; null: the response has none.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static string? ReadCommit(byte[] json) => JsonDocuments.Read(json, static root =>
        Text(root, "sha") is { Length: CommitLength } commit && Digest.IsHex(commit) ? commit : null);

    /// <summary>The GGUF files of one page of a list. Entries that are no files, or have impossible paths or sizes, are left out.</summary>
    /// <param name="json">The page.</param>
    /// <param name="entries">The number of all entries; -1: it is no list.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static IReadOnlyList<RepositoryFile> ReadPage(byte[] json, out int entries)
    {
        (IReadOnlyList<RepositoryFile> files, entries) = JsonDocuments.Read(json, static root => root.ValueKind != JsonValueKind.Array
            ? ([], -1)
            : ((IReadOnlyList<RepositoryFile>)[.. root.EnumerateArray().Select(ReadFile).OfType<RepositoryFile>()], root.GetArrayLength()));
        return files;
    }

    private static RepositoryFile? ReadFile(JsonElement entry)
    {
        if (Text(entry, "type") != "file" || Text(entry, "path") is not { } path || !HubAddress.IsSafe(path)
            || !path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return null;

        // The size beside the digest is that of the file, where the other one may be that of its pointer.
        bool isLarge = entry.TryGetProperty("lfs", out JsonElement large) && large.ValueKind == JsonValueKind.Object;
        Digest? digest = isLarge && Digest.TryParse($"{Digest.Sha256}:{Text(large, "oid")}", out Digest read) ? read : null;
        long? size = isLarge && SizeOf(large) is { } own ? own : SizeOf(entry);
        return size is { } bytes ? new RepositoryFile(path, bytes, digest) : null;
    }

    private static long? SizeOf(JsonElement entry) =>
        entry.TryGetProperty("size", out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out long size)
        && size is >= 0 and <= Descriptor.MaxSize
            ? size
            : null;

    private static string? Text(JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}
