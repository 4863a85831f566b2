using System.Text.Json;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Lists the models in the old cache of llama.cpp, a flat folder of <c>USER_REPO_FILE.gguf</c>. The underscore is ambiguous, so the name is that of the
/// file <c>manifest=USER=REPO=TAG.json</c> that belongs to a model, else the name of the file. A download that has not ended has another name
/// (<c>.downloadInProgress</c>). Newer versions use the cache of Hugging Face.
/// </summary>
internal static class LlamaCppCache
{
    private const string Extension = ".gguf";
    private const string ManifestStart = "manifest=";
    private const string ManifestEnd = ".json";
    private const string Prefix = "llama.cpp/";

    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan)
    {
        foreach (string root in folders)
            if (scan.IsRoot(root))
                ListFolder(root, scan);

        return scan.Result;
    }

    private static void ListFolder(string root, ForeignScan scan)
    {
        IReadOnlyList<string> names = scan.NamesIn(root);
        var present = new HashSet<string>(names, StringComparer.Ordinal);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (string manifest in names.Where(IsManifest))
        {
            if (ReadManifest(root, manifest, scan) is not { } entry || !present.Contains(entry.File) || !IsFile(root, entry.File, scan))
                continue;
            named.Add(entry.File);
            string[] projectors = entry.Projector is { } projector && present.Contains(projector) && IsFile(root, projector, scan)
                ? [Path.Join(root, projector)]
                : [];
            if (!scan.Add(Describe(entry.Name, root, entry.File) with { Projectors = projectors }))
                return;
        }

        foreach (string name in names)
        {
            if (!IsModel(name) || named.Contains(name) || (ShardName.TryParse(name, out ShardName shard) && shard.Index > 1)
                || !IsFile(root, name, scan))
                continue;
            string stem = ShardName.TryParse(name, out shard) ? shard.Stem : name[..^Extension.Length];
            if (!scan.Add(Describe($"{Prefix}{stem}:latest", root, name)))
                return;
        }
    }

    private static ForeignModel Describe(string name, string root, string file)
    {
        string path = Path.Join(root, file);
        if (!ShardName.TryParse(path, out ShardName shard))
            return new ForeignModel(name, [path], 1);
        return new ForeignModel(name, [.. shard.AllPaths().Where(static part => FileStatus.Of(part).IsRegular)], shard.Count);
    }

    private static bool IsModel(string name) =>
        name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && !name.Contains("mmproj", StringComparison.OrdinalIgnoreCase);

    private static bool IsManifest(string name) =>
        name.StartsWith(ManifestStart, StringComparison.Ordinal) && name.EndsWith(ManifestEnd, StringComparison.Ordinal);

    private static bool IsFile(string root, string name, ForeignScan scan)
    {
        FileStatus status = FileStatus.Of(scan.Expect(Path.Join(root, name)));
        if (status.Kind == FileKind.Denied)
            scan.Report($"has a file {ForeignScan.Show(name)} that this user may not read");
        return status.IsRegular;
    }

    // The manifest is what Hugging Face answered; the file's name is made of the repository and the name there.
    private static (string Name, string File, string? Projector)? ReadManifest(string root, string manifest, ForeignScan scan)
    {
        string[] parts = manifest[ManifestStart.Length..^ManifestEnd.Length].Split('=');
        if (parts.Length != 3 || parts.Any(static part => part.Length == 0) || scan.Read(Path.Join(root, manifest)) is not { } content)
            return null;
        try
        {
            return JsonDocuments.Read<(string, string, string?)?>(content, root => FileOf(root, "ggufFile", parts) is { } file
                ? ($"{Prefix}{parts[0]}/{parts[1]}:{parts[2]}", file, FileOf(root, "mmprojFile", parts))
                : null);
        }
        catch (JsonException)
        {
            // Then the model is listed by the name of its file.
            return null;
        }
    }

    private static string? FileOf(JsonElement manifest, string member, string[] parts) =>
        manifest.ValueKind == JsonValueKind.Object && manifest.TryGetProperty(member, out JsonElement file) && file.ValueKind == JsonValueKind.Object
        && file.TryGetProperty("rfilename", out JsonElement name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text
            ? $"{parts[0]}_{parts[1]}_{text.Replace('/', '_')}"
            : null;
}
