using ModelRunner.Linux.Files;
using ModelRunner.Store.Artifacts;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Store.Foreign;

/// <summary>
/// Lists the models of stores with the layout of Docker Model Runner: that of the daemon itself, and those of Docker Model Runner. It takes no lock, because
/// their lists are replaced as a whole.
/// </summary>
internal static class ArtifactStore
{
    /// <summary>Lists them.</summary>
    /// <param name="folders">The stores; folders that are none are passed over.</param>
    /// <param name="scan">The scan.</param>
    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan)
    {
        foreach (string root in folders)
            if (StoreFolder.IsStore(root) && scan.IsRoot(root))
                ListStore(new StoreFolder(root), scan);
        return scan.Result;
    }

    private static void ListStore(StoreFolder folder, ForeignScan scan)
    {
        try
        {
            foreach (StoreEntry entry in StoreIndexFile.Read(folder).Entries)
            {
                ForeignModel? model = entry.Tags.Count == 0 ? null : Describe(folder, entry);
                foreach (string tag in entry.Tags)
                    if (ArtifactNameParser.TryParse(tag, out ArtifactName? name, out _) && !scan.Add(model! with { Name = name!.ToShortString() }))
                        return;
            }
        }
        catch (StoreException failure)
        {
            scan.Report($"cannot be read: {failure.Message}");
        }
    }

    private static ForeignModel Describe(StoreFolder folder, StoreEntry entry)
    {
        if (ManifestFile.Read(folder, entry.Id) is not { } manifest)
            return new ForeignModel("", [], 0) { Problem = "has no manifest that can be read; pull it again" };
        if (manifest.FindProblem() is { } problem)
            return new ForeignModel("", [], 0) { Problem = problem };

        Descriptor[] parts = [.. manifest.LayersOf(LayerRole.Weights)];
        string[] paths = parts.Length == 1 ? [folder.BlobOf(parts[0].Digest)] : [.. BundleFolder.PartsOf(folder, entry.Id, parts.Length)];
        string[] present = [.. paths.Where(static path => FileStatus.Of(path).Exists)];
        return present.Length == 0
            ? new ForeignModel("", [], 0) { Problem = "lacks its files in the model store; pull it again" }
            : new ForeignModel("", present, paths.Length)
            {
                Digest = parts.Length == 1 ? parts[0].Digest : null,
                Projectors = [.. manifest.LayersOf(LayerRole.Projector).Select(layer => folder.BlobOf(layer.Digest))],
            };
    }
}
