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
    /// <param name="isIntact">Whether the bytes of a manifest have a digest. It is asked for models that cannot be used; null: nobody is asked.</param>
    public static ForeignListing List(IReadOnlyList<string> folders, ForeignScan scan, KnownDamage? damage = null, Func<byte[], Digest, bool>? isIntact = null)
    {
        var lists = new List<StoreIndex>();
        foreach (string root in folders)
        {
            var folder = new StoreFolder(root) { Damage = damage ?? new KnownDamage() };
            scan.Expect(folder.LayoutFile);
            scan.Await(root);
            if (StoreFolder.IsStore(root) && scan.IsRoot(root))
                ListStore(folder, scan, lists, isIntact);
        }

        return scan.Result with { Lists = lists };
    }

    private static void ListStore(StoreFolder folder, ForeignScan scan, List<StoreIndex> lists, Func<byte[], Digest, bool>? isIntact)
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
                ForeignModel model = Describe(folder, entry, scan, isIntact) with { Manifest = entry.Id };

                // A limit of the scan says nothing about the model.
                if (scan.IsCut)
                    return;
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

    private static ForeignModel Describe(StoreFolder folder, StoreEntry entry, ForeignScan scan, Func<byte[], Digest, bool>? isIntact)
    {
        byte[]? bytes = scan.Read(folder.ManifestOf(entry.Id));
        if (ModelFault.OfManifest(folder, entry.Id, bytes, out ArtifactManifest? manifest) is { } fault)
            return Refused(fault);
        ForeignModel model = Describe(folder, entry, manifest!, scan);

        // A manifest that was damaged may name other files, and then they are not what is wrong.
        return model.Problem is not null && isIntact?.Invoke(bytes!, entry.Id) == false ? Refused(ModelFault.ChangedManifest) : model;
    }

    private static ForeignModel Describe(StoreFolder folder, StoreEntry entry, ArtifactManifest manifest, ForeignScan scan)
    {
        if (manifest.FindProblem() is { } problem)
            return Refused(problem);

        IReadOnlyList<Descriptor> parts = ModelParts.Of(manifest, out _);
        Descriptor[] others = [.. manifest.LayersOf(LayerRole.Projector), .. manifest.LayersOf(LayerRole.ChatTemplate), manifest.Config];
        string[] blobs = [.. parts.Select(part => scan.Expect(folder.BlobOf(part.Digest)))];
        string[] paths = parts.Count == 1 ? blobs : [.. BundleFolder.PartsOf(folder, entry.Id, parts.Count).Select(scan.Expect)];
        foreach (Descriptor other in others)
            scan.Expect(folder.BlobOf(other.Digest));

        // Without one of these, it would be another model. A part that is missing is told with the file.
        if (ModelFault.OfFiles(folder, parts.Concat(others).Where(file => FileStatus.Of(folder.BlobOf(file.Digest)).Kind != FileKind.Missing)) is { } damage)
            return Refused(damage);

        // A name in a bundle keeps the bytes of a file that was set aside because they are wrong.
        string[] present = [.. paths.Zip(blobs).Where(static part => Exists(part.First) && Exists(part.Second)).Select(static part => part.First)];
        if (ModelFault.OfFiles(folder, present.Length == 0 ? parts.Concat(others) : others) is { } missing)
            return Refused(missing);
        return present.Length == 0
            ? Refused(
                $"has several parts without the folder that names them; {RepairAdvice.Text}, or run it once in Docker Model Runner if it is in its store")
            : new ForeignModel("", present, paths.Length)
            {
                Digests = [.. parts.Select(static part => part.Digest)],
                HubFiles = parts[0].Origin is { } origin ? [origin] : [],
                MaxContext = scan.Read(folder.BlobOf(manifest.Config.Digest)) is { } config ? ConfigReader.Read(config).ChosenContext : null,
                ChatTemplate = manifest.LayersOf(LayerRole.ChatTemplate).FirstOrDefault() is { } template ? folder.BlobOf(template.Digest) : null,
                OtherFiles = [.. entry.Files.Select(folder.BlobOf)],
                Projectors = [.. manifest.LayersOf(LayerRole.Projector).Select(layer => folder.BlobOf(layer.Digest)).Distinct(StringComparer.Ordinal)],
            };
    }

    private static ForeignModel Refused(string problem) => new("", [], 0) { Problem = problem };

    private static bool Exists(string path) => FileStatus.Of(path).Exists;
}
