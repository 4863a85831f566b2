using System.Text;

namespace ModelRunner.Store.Foreign;

/// <summary>Lists the models of LM Studio: <c>PUBLISHER/REPO/FILE.gguf</c>. One image projector in a folder belongs to all models in it.</summary>
internal static class LmStudioFolder
{
    /// <summary>Lists them.</summary>
    /// <param name="folders">The usual folders.</param>
    /// <param name="pointer">The file that names the home folder of LM Studio, if the user moved it; null: none.</param>
    /// <param name="scan">The scan.</param>
    public static ForeignListing List(IReadOnlyList<string> folders, string? pointer, ForeignScan scan)
    {
        string? moved = pointer is null ? null : FindMoved(pointer, scan);
        foreach (string root in moved is null ? folders : folders.Prepend(moved))
            if (scan.IsRoot(root))
                ListRoot(root, scan);

        return scan.Result;
    }

    /// <summary>The folder of the models, from the text of the file that names the home folder of LM Studio; null: it names none.</summary>
    public static string? FolderIn(string text)
    {
        string home = text.Trim();
        return Path.IsPathRooted(home) && !home.Contains('\0', StringComparison.Ordinal) ? Path.Join(home, "models") : null;
    }

    private static void ListRoot(string root, ForeignScan scan)
    {
        foreach (string publisher in scan.NamesIn(root))
        {
            string folder = Path.Join(root, publisher);
            foreach (string repository in scan.NamesIn(folder))
            {
                if (scan.IsCut)
                    return;
                var files = new RepositoryFiles(scan);
                string place = Path.Join(folder, repository);
                files.Collect(place, depth: 1);
                files.AddTo($"lmstudio/{publisher}/{repository}", place);
            }
        }
    }

    private static string? FindMoved(string pointer, ForeignScan scan) =>
        scan.Read(pointer) is { Length: > 0 and <= 4096 } content ? FolderIn(Encoding.UTF8.GetString(content)) : null;
}
