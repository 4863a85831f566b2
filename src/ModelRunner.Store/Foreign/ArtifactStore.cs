using System.Globalization;
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
    /// <param name="damage">The files that are known to be damaged; null: none.</param>
    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan, KnownDamage? damage = null)
    {
        var lists = new List<StoreIndex>();
        foreach (string root in folders)
        {
            var folder = new StoreFolder(root) { Damage = damage ?? new KnownDamage() };
            scan.Expect(folder.LayoutFile);
            scan.Await(root);
            if (StoreFolder.IsStore(root) && scan.IsRoot(root))
                ListStore(folder, scan, lists);
        }

        return scan.Result with { Lists = lists };
    }

    private static void ListStore(StoreFolder folder, ForeignScan scan, List<StoreIndex> lists)
    {
        try
        {
            scan.Expect(folder.IndexFile);
            StoreIndex list = StoreIndexFile.Read(folder);
            lists.Add(list);
            foreach (StoreEntry entry in list.Entries)
            {
                if (scan.IsCut)
                    return;
                ForeignModel model = Describe(folder, entry, scan) with { Manifest = entry.Id };
                foreach (string name in NamesOf(entry))
                    if (!scan.Add(model with { Name = name }))
                        return;
            }
        }
        catch (StoreException failure)
        {
            scan.Report($"cannot be read: {failure.Message}");
        }
    }

    // A model that lost its name still takes space, so it is listed and can be removed.
    private static string[] NamesOf(StoreEntry entry) => entry.Tags.Count == 0 ? [ForeignModel.NameOf(entry.Id)] : [.. entry.ShortNames];

    private static ForeignModel Describe(StoreFolder folder, StoreEntry entry, ForeignScan scan)
    {
        if (scan.Read(folder.ManifestOf(entry.Id)) is not { } bytes || ManifestReader.TryRead(bytes, out _) is not { } manifest)
            return new ForeignModel("", [], 0) { Problem = $"has no manifest that can be read; {RepairAdvice.Text}" };
        if (manifest.FindProblem() is { } problem)
            return new ForeignModel("", [], 0) { Problem = problem };

        IReadOnlyList<Descriptor> parts = ModelParts.Of(manifest, out _);
        Descriptor[] others = [.. manifest.LayersOf(LayerRole.Projector), .. manifest.LayersOf(LayerRole.ChatTemplate), manifest.Config];
        if (FindKnown(folder, entry, [.. parts, .. others]) is { } damaged)
        {
            return new ForeignModel("", [], 0)
            {
                Problem = $"has the damaged file {damaged} in the model store, which could not be set aside; "
                    + $"verify the model until it is set aside, then {RepairAdvice.Text}",
            };
        }

        string[] blobs = [.. parts.Select(part => scan.Expect(folder.BlobOf(part.Digest)))];
        string[] paths = parts.Count == 1 ? blobs : [.. BundleFolder.PartsOf(folder, entry.Id, parts.Count).Select(scan.Expect)];

        // A name in a bundle keeps the bytes of a file that was set aside because they are wrong.
        string[] present = [.. paths.Zip(blobs).Where(static part => Exists(part.First) && Exists(part.Second)).Select(static part => part.First)];
        if (present.Length == 0 && blobs.All(Exists))
        {
            return new ForeignModel("", [], 0)
            {
                Problem = $"has several parts without the folder that names them; {RepairAdvice.Text}, "
                    + "or run it once in Docker Model Runner if it is in its store",
            };
        }

        // Without one of these, it would be another model.
        if (FindDamage(folder, [.. parts, .. others]) is { } damage)
            return new ForeignModel("", [], 0) { Problem = damage };
        if (present.Length > 0 && others.FirstOrDefault(file => !Exists(scan.Expect(folder.BlobOf(file.Digest)))) is { } missing)
            return new ForeignModel("", [], 0) { Problem = $"lacks the file {missing.Digest} in the model store; {RepairAdvice.Text}" };

        return present.Length == 0
            ? new ForeignModel("", [], 0) { Problem = $"lacks its files in the model store; {RepairAdvice.Text}" }
            : new ForeignModel("", present, paths.Length)
            {
                Digests = [.. parts.Select(static part => part.Digest)],
                HubFiles = parts[0].Origin is { } origin ? [origin] : [],
                MaxContext = scan.Read(folder.BlobOf(manifest.Config.Digest)) is { } config ? ConfigReader.Read(config).ChosenContext : null,
                ChatTemplate = manifest.LayersOf(LayerRole.ChatTemplate).FirstOrDefault() is { } template ? folder.BlobOf(template.Digest) : null,
                Projectors = [.. manifest.LayersOf(LayerRole.Projector).Select(layer => folder.BlobOf(layer.Digest))],
            };
    }

    // A file gets its name after its last byte, so one of another size was damaged since.
    private static string? FindDamage(StoreFolder folder, IReadOnlyList<Descriptor> files)
    {
        foreach (Descriptor file in files)
            if (FileStatus.Of(folder.BlobOf(file.Digest)) is { Exists: true } status && status.SizeBytes != file.Size)
                return string.Create(
                    CultureInfo.InvariantCulture, $"has the damaged file {file.Digest}: it has {status.SizeBytes} of {file.Size} bytes; {RepairAdvice.Text}");
        return null;
    }

    // Verify has found it, and it is still there.
    private static Digest? FindKnown(StoreFolder folder, StoreEntry entry, IReadOnlyList<Descriptor> files)
    {
        if (folder.Damage.Contains(folder.ManifestOf(entry.Id)))
            return entry.Id;
        Descriptor? damaged = files.FirstOrDefault(file => folder.Damage.Contains(folder.BlobOf(file.Digest)));
        return damaged?.Digest;
    }

    private static bool Exists(string path) => FileStatus.Of(path).Exists;
}
