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
        JsonDocuments.Text(root, "sha") is { Length: CommitLength } commit && Digest.IsHex(commit) ? commit : null);

    /// <summary>
    /// The GGUF files of one page of a list, and the number of all its entries; null: it is no list. Entries that are no files, or have impossible paths or
    /// sizes, are left out.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static (IReadOnlyList<RepositoryFile> Files, int Entries)? ReadPage(byte[] json) =>
        JsonDocuments.Read<(IReadOnlyList<RepositoryFile>, int)?>(json, static root => root.ValueKind == JsonValueKind.Array
            ? ([.. root.EnumerateArray().Select(ReadFile).OfType<RepositoryFile>()], root.GetArrayLength())
            : null);

    private static RepositoryFile? ReadFile(JsonElement entry)
    {
        if (JsonDocuments.Text(entry, "type") != "file" || JsonDocuments.Text(entry, "path") is not { } path || !HubAddress.IsSafe(path)
            || !path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return null;

        // The size beside the digest is that of the file, where the other one may be that of its pointer.
        bool isLarge = entry.TryGetProperty("lfs", out JsonElement large) && large.ValueKind == JsonValueKind.Object;
        Digest? digest = isLarge && Digest.TryParse($"{Digest.Sha256}:{JsonDocuments.Text(large, "oid")}", out Digest read) ? read : null;
        long? size = isLarge && SizeOf(large) is { } own ? own : SizeOf(entry);
        return size is { } bytes ? new RepositoryFile(path, bytes, digest) : null;
    }

    private static long? SizeOf(JsonElement entry) =>
        entry.TryGetProperty("size", out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out long size)
        && size is >= 0 and <= Descriptor.MaxSize
            ? size
            : null;
}
