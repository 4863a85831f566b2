namespace ModelRunner.Linux.Files;

/// <summary>
/// Removes a private folder with all in it. It opens every folder and works with descriptors only. A folder that another user owns or may
/// write to, or that is on another file system, is left as it is.
/// </summary>
internal static class FolderRemoval
{
    // A private folder holds sockets and one empty folder. The daemon creates nothing deeper.
    private const int MaxDepth = 3;

    /// <summary>Removes it. Returns false where something is left.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="mustBeUnlocked">True: a folder that a running process has locked is left as it is.</param>
    public static bool Remove(string path, bool mustBeUnlocked = false)
    {
        using HeldFolder? place = HeldFolder.Open(Path.GetDirectoryName(path)!);
        if (place is null)
            return false;
        using HeldFolder? folder = place.OpenFolder(Path.GetFileName(path));
        return folder is not null && (!mustBeUnlocked || folder.TryLockExclusive()) && Remove(place, Path.GetFileName(path), folder, depth: 1);
    }

    private static bool Remove(HeldFolder parent, string name, HeldFolder folder, int depth)
    {
        // In a folder that others may write to, a name can lead to another file between two calls. So nothing in it is removed.
        if (!folder.Status.IsPrivate || folder.Status.Id.Device != parent.Status.Id.Device && depth > 1)
            return false;

        foreach (string entry in folder.ReadNames())
        {
            if (folder.RemoveFile(entry) || depth >= MaxDepth)
                continue;
            using HeldFolder? inner = folder.OpenFolder(entry);
            if (inner is not null)
                Remove(folder, entry, inner, depth + 1);
        }

        return parent.RemoveFolder(name, folder.Status);
    }
}
