namespace ModelRunner.Daemon.Models;

/// <summary>Finds the GGUF files below a folder. Bounded in depth and count, and not misled by links that lead in circles.</summary>
internal static class StoreScanner
{
    /// <summary>Folders within folders.</summary>
    public const int MaxDepth = 8;

    /// <summary>Files in all; the rest is left out.</summary>
    public const int MaxFiles = 10_000;

    private static readonly EnumerationOptions Options = new()
    {
        IgnoreInaccessible = true, RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, ReturnSpecialDirectories = false,
    };

    /// <summary>All models below a folder in ordinal order of their paths; empty where the folder is missing.</summary>
    public static IReadOnlyList<ModelFile> Scan(string root)
    {
        var found = new SortedDictionary<string, FileInfo>(StringComparer.Ordinal);
        Collect(new DirectoryInfo(root), root, MaxDepth, found, new HashSet<string>(StringComparer.Ordinal));
        return Group(root, found);
    }

    private static void Collect(
        DirectoryInfo folder, string path, int depth, SortedDictionary<string, FileInfo> found, HashSet<string> visited)
    {
        if (depth < 0 || !folder.Exists || !visited.Add(folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName))
            return;

        try
        {
            foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos("*", Options))
            {
                if (found.Count >= MaxFiles)
                    return;
                if (entry is DirectoryInfo child && !IsHidden(child))
                    Collect(child, Path.Join(path, child.Name), depth - 1, found, visited);
                else if (entry is FileInfo file && IsModel(file))
                    found.TryAdd(Path.Join(path, file.Name), file);
            }
        }
        catch (IOException)
        {
            // A folder that vanishes or that cannot be read holds no models for us.
        }
    }

    private static bool IsHidden(DirectoryInfo folder) => folder.Name.StartsWith('.');

    // A projector belongs to a model and is none; a hidden file is usually a download that has not ended.
    private static bool IsModel(FileInfo file) =>
        file.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        && !file.Name.StartsWith('.') && !file.Name.StartsWith("mmproj", StringComparison.OrdinalIgnoreCase);

    private static List<ModelFile> Group(string root, SortedDictionary<string, FileInfo> found)
    {
        var models = new List<ModelFile>();
        var grouped = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in found.Keys)
        {
            bool isShard = ShardName.TryParse(path, out ShardName shard);
            if (isShard && !grouped.Add(shard.AllPaths()[0]))
                continue;

            string shown = isShard ? $"{shard.Stem}.gguf" : path;
            models.Add(ModelFile.FromPath(path, Path.GetRelativePath(root, shown)));
        }

        return models;
    }
}
