using ModelRunner.Linux.Files;

namespace ModelRunner.Store.Layout;

/// <summary>Finds the files of a store to which names outside of it lead, too: to remove them here frees no space.</summary>
internal static class StoreLinks
{
    // Bundles have the deepest files: ALGORITHM/ID/model/NAME.
    private static readonly EnumerationOptions Options = new()
    {
        RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
    };

    /// <summary>The files with hard links elsewhere. Never fails; what cannot be read is left out.</summary>
    public static IReadOnlySet<FileId> FindOutside(StoreFolder folder)
    {
        // A part of a model has one name as a file of the store, and one in each bundle.
        var names = new Dictionary<FileId, (uint Links, uint Own)>();
        foreach (string path in FilesBelow(folder.Blobs).Concat(FilesBelow(folder.Bundles)))
        {
            FileStatus status = FileStatus.OfLink(path);
            if (status is { IsRegular: true, Links: > 1 })
                names[status.Id] = (status.Links, names.GetValueOrDefault(status.Id).Own + 1);
        }

        return names.Where(static name => name.Value.Links > name.Value.Own).Select(static name => name.Key).ToHashSet();
    }

    private static IReadOnlyList<string> FilesBelow(string path)
    {
        try
        {
            return [.. Directory.EnumerateFiles(path, "*", Options)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
